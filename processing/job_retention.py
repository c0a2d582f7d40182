"""How long jobs are kept: first their files go, later their rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from processing.models import FINISHED, Job
from snapotter.common.deletion import delete_in_chunks
from snapotter.runtime import store
from snapotter.runtime.registry import JOBS_RETENTION_DAYS, TEMP_FILE_MAX_AGE_HOURS


def delete_after() -> datetime | None:
    """Until when the files of what ends now are kept; None for ever."""
    hours = store.get(TEMP_FILE_MAX_AGE_HOURS)
    return timezone.now() + timedelta(hours=hours) if hours else None


def files_over() -> Q:
    """Whose files may go. A run that is queued or under way is never over, and a member not before its
    batch."""
    passed = Q(delete_after__lt=Now())
    batch_over = Q(parent=None) | Q(parent__status__in=FINISHED, parent__delete_after__lt=Now())
    return Q(passed & batch_over, status__in=FINISHED) | _past_retention()


def old_jobs() -> QuerySet[Job]:
    """Whose rows may go."""
    return Job.objects.filter(_past_retention())


def old_jobs_expire() -> int:
    """Have the rows say that their files are gone, before they are: results may be kept longer than rows."""
    kept_longer = old_jobs().filter(Q(delete_after=None) | Q(delete_after__gt=Now()))
    return Job.objects.filter(pk__in=kept_longer.values("pk")).update(delete_after=Now())


def old_jobs_delete() -> int:
    """The members of a batch before the batch, so that no transaction deletes thousands of them."""
    members = Job.objects.filter(parent=OuterRef("pk"))
    return delete_in_chunks(old_jobs().filter(~Exists(members)))


def _past_retention() -> Q:
    days = store.get(JOBS_RETENTION_DAYS)
    if days == 0:
        return Q(pk__in=())
    before = timezone.now() - timedelta(days=days)
    alone = Q(parent=None, created_at__lt=before)
    member = Q(parent__status__in=FINISHED, parent__created_at__lt=before)
    return Q(alone | member, status__in=FINISHED)
