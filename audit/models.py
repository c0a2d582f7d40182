"""The audit log: who did what, from where, in an order nobody can change unnoticed (see `audit.chain`)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from audit.fields import IdentityField


class AuditEntry(models.Model):
    """One row of `audit_log`. A trigger fills `prev_hash` and `hash` and refuses every later change.

    `user` is for joins and empties itself when the user is deleted; `actor_id` and `actor_username` say
    for ever who it was, and only they are part of the hash.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seq = IdentityField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="audit_entries"
    )
    action = models.CharField(max_length=100)
    details = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    actor_id = models.UUIDField(null=True)
    actor_username = models.CharField(max_length=255)
    target_type = models.CharField(max_length=50, null=True)
    target_id = models.CharField(max_length=255, null=True)
    ip_address = models.GenericIPAddressField(null=True)
    request_id = models.UUIDField(null=True)
    prev_hash = models.CharField(max_length=64, db_default="", editable=False)
    hash = models.CharField(max_length=64, db_default="", editable=False)

    class Meta:
        db_table = "audit_log"
        ordering = ["-seq"]
        verbose_name_plural = "audit entries"
        constraints = [
            models.UniqueConstraint(fields=["seq"], name="audit_log_seq_unique"),
            # Two rows with one predecessor would be a fork: impossible, at any isolation level.
            models.UniqueConstraint(fields=["prev_hash"], name="audit_log_chain_never_forks"),
        ]
        indexes = [
            models.Index("action", models.F("seq").desc(), name="audit_log_action"),
            models.Index(fields=["created_at"], name="audit_log_created_at"),
            models.Index(fields=["actor_id"], name="audit_log_actor"),
            models.Index(fields=["ip_address"], name="audit_log_ip_address"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} by {self.actor_username}"


class AuditHead(models.Model):
    """The one row of `audit_head`: the newest entry, and how many there ever were. A trigger keeps it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    entries = models.BigIntegerField()

    class Meta:
        db_table = "audit_head"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_head_is_one_row")]

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"
