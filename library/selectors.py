"""Reading the library. Whose files somebody may open is decided here and nowhere else."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import has_permission
from library.models import UserFile


def files(*, for_user: User) -> QuerySet[UserFile]:
    """Everybody's with `files:all`, one's own with `files:own`, else none."""
    if has_permission(for_user, "files:all"):
        return UserFile.objects.all()
    if has_permission(for_user, "files:own"):
        return UserFile.objects.filter(user=for_user)
    return UserFile.objects.none()


def file_with_owner(file_id: UUID) -> UserFile | None:
    """Whoever's it is: to explain who may open it, never to open it."""
    return UserFile.objects.select_related("user__team").filter(pk=file_id).first()
