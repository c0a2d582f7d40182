from typing import Any

from django.apps import AppConfig


def _user_deleted(user: Any, **kwargs: Any) -> None:
    from processing.services import jobs_of_user_discard

    jobs_of_user_discard(user=user)


class ProcessingConfig(AppConfig):
    name = "processing"
    verbose_name = "Processing"

    def ready(self) -> None:
        from accounts.signals import user_deleted

        user_deleted.connect(_user_deleted)
