"""What the pages of the admin site share: they change nothing but through services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin, ShowFacets
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property

from snapotter.common.errors import SnapOtterError

T = TypeVar("T")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than somebody would turn pages: counting millions of rows takes seconds."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: self.MOST].count())


class ServiceAdmin(ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Services record in the audit log what they change, so Django's own history stays empty.

    What a service refuses is told on the page it was asked from.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    audit_target: str | None = ""
    """What the audit log calls the model; empty for the model's own name, None where it tells nothing."""

    def for_each(
        self, request: HttpRequest, rows: Iterable[T], change: Callable[[T], Any], done: str
    ) -> None:
        """Do `change` with each row for itself; tell how many were `done` and why others were not."""
        refusals: Counter[str] = Counter()
        changed = 0
        for row in rows:
            try:
                change(row)
                changed += 1
            except SnapOtterError as error:
                refusals[error.message] += 1
        if changed:
            self.message_user(request, f"{done}: {changed}.", messages.SUCCESS)
        for message, count in refusals.items():
            self.message_user(request, f"{message} ({count})", messages.ERROR)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """The service has recorded it."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """The service has recorded it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """The service has recorded it."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the audit log knows of the object."""
        if self.audit_target is None:
            raise Http404
        target = {"target_type": self.audit_target or self.opts.model_name, "target_id": object_id}
        return redirect(f"{reverse('admin:audit_auditentry_changelist')}?{urlencode(target)}")


class ReadOnlyAdmin(ServiceAdmin):
    """Lists and shows; what can be done with a row is an action."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
