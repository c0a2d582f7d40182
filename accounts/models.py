"""Who may come in: users with one role and one team, their sessions and their API keys."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.db.models.lookups import Exact

from accounts import hashers, permissions
from accounts.admission import ANONYMOUS, Credential


def _is_array(column: str) -> Exact[Any]:
    """`jsonb_typeof(column) = 'array'`; null passes, as in every CHECK."""
    kind = models.Func(models.F(column), function="jsonb_typeof", output_field=models.TextField())
    return Exact(kind, models.Value("array"))


class Role(models.Model):
    """A named set of permissions. Users refer to it by its name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=50, unique=True)
    description = models.CharField(max_length=500, blank=True, db_default="", default="")
    permissions = models.JSONField(default=list)
    tool_permissions = models.JSONField(null=True, blank=True)
    is_builtin = models.BooleanField(db_default=False, default=False)
    created_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_column="created_by",
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    # Not a column: how many users have it, where the query counted them.
    user_count: int

    class Meta:
        db_table = "roles"
        constraints = [
            models.CheckConstraint(condition=_is_array("permissions"), name="roles_permissions_is_array"),
        ]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=50, unique=True)
    storage_quota = models.BigIntegerField(null=True, blank=True)
    retention_hours = models.IntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    # Not a column: how many users are in it, where the query counted them.
    member_count: int

    class Meta:
        db_table = "teams"
        constraints = [
            models.UniqueConstraint(Lower("name"), name="teams_name_unique_ignoring_case"),
            models.CheckConstraint(
                condition=models.Q(storage_quota__gt=0), name="teams_storage_quota_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(retention_hours__gt=0), name="teams_retention_hours_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser):
    """Somebody who can sign in. What the user may do follows from the role alone (`accounts.permissions`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The form of a new name is checked where users are made: a 1.x first admin may be called anything.
    username = models.CharField(max_length=255, unique=True)
    password = models.CharField(max_length=255, db_column="password_hash")
    role = models.ForeignKey(
        Role, to_field="name", db_column="role", on_delete=models.PROTECT, related_name="users"
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="members")
    email = models.EmailField(blank=True, db_default="", default="")
    is_active = models.BooleanField(db_default=True, default=True)
    must_change_password = models.BooleanField(db_default=False, default=False)
    storage_used = models.BigIntegerField(db_default=0, default=0)
    storage_quota = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    # Not a column: what the request of this user was let in by; nothing in a command.
    credential: Credential = ANONYMOUS

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        constraints = [
            models.CheckConstraint(condition=~models.Q(username=""), name="users_username_not_empty"),
            models.CheckConstraint(
                condition=models.Q(storage_used__gte=0), name="users_storage_used_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(storage_quota__gte=0), name="users_storage_quota_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def scope(self) -> frozenset[str] | None:
        """The permissions of the API key this request came with, None for everything of the role."""
        return self.credential.scope

    @property
    def password_change_pending(self) -> bool:
        """Whether the user must choose a new password before anything else."""
        return self.must_change_password and not settings.SKIP_MUST_CHANGE_PASSWORD

    def check_password(self, raw_password: str | None) -> bool:
        return raw_password is not None and hashers.verify_password(raw_password, self.password)[0]

    @property
    def is_staff(self) -> bool:
        return not permissions.ADMINISTRATIVE.isdisjoint(permissions.effective(self))

    @property
    def is_superuser(self) -> bool:
        return permissions.effective(self) == frozenset(permissions.PERMISSIONS)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return permissions.has_django_permission(self, perm)

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return permissions.has_module_permission(self, app_label)


class Session(models.Model):
    """A sign-in. Its id is the pages' cookie and the API's Bearer token; deleting the row ends both."""

    id = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    session_data = models.TextField(blank=True, db_default="", default="")
    last_activity = models.DateTimeField(db_default=Now())
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=500, blank=True, db_default="", default="")

    class Meta:
        db_table = "sessions"
        indexes = [models.Index(fields=["expires_at"], name="sessions_expires_at")]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"


class ApiKey(models.Model):
    """A key for programs. Only its hash is kept; `key_prefix` finds the row and is empty in rows of 1.x."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="api_keys", db_index=False
    )  # the index below begins with it
    key_hash = models.CharField(max_length=255)
    key_prefix = models.CharField(max_length=16, blank=True, db_default="", default="")
    name = models.CharField(max_length=100)
    permissions = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        indexes = [
            models.Index(fields=["key_prefix"], name="api_keys_key_prefix"),
            models.Index("user", models.F("created_at").desc(), name="api_keys_owner_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=_is_array("permissions"), name="api_keys_permissions_is_array"),
        ]

    def __str__(self) -> str:
        return self.name


class LoginAttempt(models.Model):
    """That somebody tried to come in: `key` is a hashed name, an address (see `accounts.throttle`) or what an
    API key that failed is counted by (see `accounts.key_failures`)."""

    key = models.CharField(max_length=80)
    at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "login_attempts"
        indexes = [models.Index(fields=["key", "at"], name="login_attempts_key_at")]

    def __str__(self) -> str:
        return f"{self.key} at {self.at}"


class RateLimitCounter(models.Model):
    """How many requests of `key` were reserved in a minute since the epoch (see `accounts.rate_limits`).

    The table is UNLOGGED: what a crash forgets is a minute's counts.
    """

    pk = models.CompositePrimaryKey("minute", "key")
    minute = models.IntegerField()
    key = models.CharField(max_length=200)
    hits = models.IntegerField()

    class Meta:
        db_table = "rate_limit_counters"

    def __str__(self) -> str:
        return f"{self.key}: {self.hits}"
