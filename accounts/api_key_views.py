"""The pages of one's own API keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.account_views import account_page
from accounts.api_key_form import ApiKeyForm
from accounts.caller import user_of
from accounts.models import ApiKey
from accounts.permission_texts import PermissionText, texts_of
from accounts.permissions import effective, has_permission
from accounts.views import per_minute
from snapotter.common.errors import Conflict, SnapOtterError

OWN = "apikeys:own"


@dataclass(frozen=True)
class KeyItem:
    """A key as its user sees it."""

    row: ApiKey

    @property
    def is_limited(self) -> bool:
        """Whether it may less than its user; a scope without anything that there is now allows nothing."""
        return self.row.permissions is not None

    @property
    def scope(self) -> list[PermissionText]:
        return texts_of(self.row.permissions or ())

    @property
    def is_expired(self) -> bool:
        return self.row.expires_at is not None and self.row.expires_at <= timezone.now()


@require_safe
@account_page()
def api_keys(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    may_have_keys = has_permission(user, OWN)
    keys = [KeyItem(row) for row in selectors.own_api_keys(user=user)] if may_have_keys else []
    context = {"may_have_keys": may_have_keys, "keys": keys}
    return render(request, "accounts/account/api_keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(OWN)
@per_minute(30)
def api_key_new(request: HttpRequest) -> HttpResponse:
    """The form, and the answer that alone shows the key.

    A reload of that answer sends the form again, which makes no second key (see `ApiKeyForm`) and shows none.
    """
    form = ApiKeyForm(user_of(request), request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            return _make_key(request, form)
        except Conflict as error:
            messages.info(request, f"{error.message} and is shown only once. If you missed it, delete it.")
            return redirect("account-keys")
        except SnapOtterError as error:
            form.add_error(None, error.message)
            status = error.status
    return render(request, "accounts/account/api_key_new.html", {"form": form}, status=status)


def _make_key(request: HttpRequest, form: ApiKeyForm) -> HttpResponse:
    user = user_of(request)
    row, key = services.api_key_create(
        user=user,
        name=form.cleaned_data["name"],
        permissions=form.scope_permissions,
        expires_at=form.expires_at,
        key_id=form.key_id,
    )
    context: dict[str, Any] = {"row": row, "key": key, "may": effective(user, row.permissions)}
    context["origin"] = (settings.EXTERNAL_URL or request.build_absolute_uri("/")).rstrip("/")
    return render(request, "accounts/account/api_key_made.html", context)


@require_POST
@account_page(OWN)
@per_minute(30)
def api_key_delete(request: HttpRequest, key_id: UUID) -> HttpResponse:
    services.api_key_delete(user=user_of(request), key_id=key_id)
    messages.success(request, "The key is deleted. What used it is locked out.")
    return redirect("account-keys")
