from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """`django.contrib.admin`, so that every app's `admin.py` registers in our site."""

    default_site = "snapotter.administration.site.AdministrationSite"

    def ready(self) -> None:
        super().ready()
        from django.apps import apps
        from django.contrib import admin
        from django.contrib.auth.models import Group

        from snapotter.administration import role_admin  # noqa: F401  # registers, as an app's `admin.py` does

        admin.site.unregister(Group)  # ours are roles
        for model in apps.get_app_config("procrastinate").get_models():
            if admin.site.is_registered(model):
                admin.site.unregister(model)  # rows that carry jobs; the jobs themselves are listed
