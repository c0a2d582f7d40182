"""Rows of the library without bytes."""

from __future__ import annotations

from uuid import uuid4

from accounts.models import User
from library.models import UserFile


def keep_file(user: User) -> UserFile:
    return UserFile.objects.create(
        user=user, original_name="a.jpg", stored_name=f"{uuid4()}.jpg", mime_type="image/jpeg", size=1
    )
