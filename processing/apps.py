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
        from accounts.tool_permissions import declare_tools
        from processing.events import follow_jobs
        from processing.registry import all_tools

        user_deleted.connect(_user_deleted)
        follow_jobs()
        declare_tools({tool.id: tool.category for tool in all_tools()})
