from django.apps import AppConfig


class SnapOtterConfig(AppConfig):
    name = "snapotter"
    verbose_name = "SnapOtter"

    def ready(self) -> None:
        from snapotter import checks  # noqa: F401  registers them
