"""The `settings` table: what an administrator changes while the server runs."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Setting(models.Model):
    key = models.CharField(max_length=200, primary_key=True)
    value = models.TextField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "settings"

    def __str__(self) -> str:
        return self.key
