from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "snapotter.runtime"
    label = "runtime"
    verbose_name = "Runtime settings"
