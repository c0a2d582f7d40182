"""Rows that nobody reads any more. Each is removed by whoever comes across it; the cleanup takes the rest."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import LoginAttempt, Session
from accounts.throttle import KEPT


def expired_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expires_at__lte=timezone.now())


def old_login_attempts() -> QuerySet[LoginAttempt]:
    return LoginAttempt.objects.filter(at__lt=timezone.now() - KEPT)
