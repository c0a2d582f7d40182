from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _seed(sender: AppConfig, using: str, **kwargs: Any) -> None:
    from accounts.bootstrap import ensure_roles_and_team

    ensure_roles_and_team(using=using)


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        # Like Django's own permissions: whatever upgrades or empties the tables ends with them seeded.
        post_migrate.connect(_seed, sender=self)
