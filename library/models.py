"""The file library: every version of every picture and how it was made."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now, Upper


class UserFile(models.Model):
    """One stored version. An original has version 1 and no parent; branches are allowed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="files")
    original_name = models.CharField(max_length=255)
    stored_name = models.CharField(max_length=255, unique=True)
    mime_type = models.CharField(max_length=127)
    size = models.BigIntegerField()
    width = models.IntegerField(null=True)
    height = models.IntegerField(null=True)
    version = models.IntegerField(default=1)
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    tool_chain = models.JSONField(default=list)
    recipe = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64, null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "user_files"
        indexes = [
            models.Index(fields=["user", "-created_at"], name="user_files_owner_recent"),
            # A search is always within one owner, so this bounds it; the embedded server has no pg_trgm
            models.Index(models.F("user"), Upper("original_name"), name="user_files_name_search"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(version__gte=1), name="user_files_version_positive"),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="user_files_size_not_negative"),
            models.CheckConstraint(
                condition=models.Q(parent__isnull=False) | models.Q(version=1),
                name="user_files_original_is_version_1",
            ),
        ]

    def __str__(self) -> str:
        return self.original_name
