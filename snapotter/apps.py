from django.apps import AppConfig


class SnapOtterConfig(AppConfig):
    name = "snapotter"
    verbose_name = "SnapOtter"
