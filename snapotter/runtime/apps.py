from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "snapotter.runtime"
    label = "runtime"
    verbose_name = "Runtime settings"

    def ready(self) -> None:
        from snapotter.runtime.store import follow_changes

        follow_changes()
