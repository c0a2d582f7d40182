"""What the pages of the admin site share: they change nothing but through services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms.models import ModelForm, construct_instance
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property

from snapotter.common.errors import SnapOtterError, ValidationFailed

T = TypeVar("T")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than somebody would turn pages: counting millions of rows takes seconds."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: self.MOST].count())


class ServiceForm(ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What else must hold between rows, the service knows, and says in its own words.

    A form sends along what its fields were when the page was made, so that `changes` are those of the sender
    and nothing is undone that somebody else changed meanwhile.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | options)
        for field in self.fields.values():
            field.show_hidden_initial = not self.instance._state.adding

    def _post_clean(self) -> None:
        """Django would check the row here, by rules that are the service's to tell."""
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)

    def changes(self) -> dict[str, Any]:
        """By the name of the field; all of a new row."""
        names = self.fields if self.instance._state.adding else self.changed_data
        return {name: self.cleaned_data[name] for name in names}


class ServiceAdmin(ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """A subclass that lets rows be written calls services in `save_model` and `delete_model`.

    Services record in the audit log what they change, so Django's own history stays empty. What a service
    refuses is told on the page it was asked from.
    """

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    audit_target: str | None = ""
    """What the audit log calls the model; empty for the model's own name, None where it tells nothing."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of the list asks for: Django lets any column be asked for, and of one that is
        secret, like the id of a session, a list that is empty or not tells sign by sign."""
        filters: Any = self.list_filter
        return lookup in {getattr(each, "parameter_name", None) for each in filters}

    def response_action(  # type: ignore[override]  # the stubs are ahead of Django 5.2
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Raises ValidationFailed for a choice that cannot be a key of any row."""
        try:
            return super().response_action(request, queryset)
        except (ValidationError, ValueError):
            raise ValidationFailed("What was chosen is nothing of this list") from None

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A choice among other rows is a menu, without Django's buttons that open their pages in windows."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        raise NotImplementedError("a service must write, not the admin")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise NotImplementedError("a service must delete, not the admin")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """What goes along, and what stands in the way, the service knows."""
        return [], {}, set(), []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """A refusal is an error of the form, which keeps what was typed."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except SnapOtterError as error:
            request.refusal = error  # type: ignore[attr-defined]  # for `get_form`
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else _refused(form, refusal, self.field_at_fault)

    def field_at_fault(self, error: SnapOtterError, form: Any) -> str | None:
        """Where to tell a refusal; None where no field of the form is to blame."""
        return None

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        try:
            return super().delete_view(request, object_id, extra_context)
        except SnapOtterError as error:
            self.message_user(request, error.message, messages.ERROR)
            page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return redirect(reverse(page, args=[object_id], current_app=self.admin_site.name))

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


def _refused(form: Any, error: SnapOtterError, field_at_fault: Callable[..., str | None]) -> Any:
    class RefusedForm(form):  # type: ignore[misc]
        def clean(self) -> Any:
            self.add_error(field_at_fault(error, self), error.message)
            return super().clean()

    return RefusedForm


class ReadOnlyAdmin(ServiceAdmin):
    """Lists and shows; what can be done with a row is an action."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
