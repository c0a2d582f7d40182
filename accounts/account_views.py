"""The account page: what somebody is here, and one's own sessions and doings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import selectors, session_services
from accounts.authority import of_caller
from accounts.caller import user_of
from accounts.devices import device_of, is_hand_held
from accounts.models import Session
from accounts.permission_texts import texts_of
from accounts.views import View, require_accounts, signed_in
from audit.action_texts import action_text, target_text
from audit.selectors import entries_of_actor

SHOWN_SESSIONS: Final = 50
SHOWN_ENTRIES: Final = 20


def account_page(permission: str | None = None) -> Callable[[View], View]:
    """A page of who is signed in; where nobody signs in, there is none."""

    def decorate(view: View) -> View:
        @never_cache
        @signed_in(permission)
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require_accounts()
            return view(request, *args, **kwargs)

        return guarded

    return decorate


@require_safe
@account_page()
def profile(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    held = of_caller(user)
    context = {"permissions": texts_of(held.permissions), "tools": held.tools}
    return render(request, "accounts/account/profile.html", context)


@dataclass(frozen=True)
class SessionItem:
    """A session as its user sees it, without its id."""

    row: Session
    is_current: bool

    @property
    def handle(self) -> str:
        return session_services.session_handle(self.row.id)

    @property
    def device(self) -> str:
        return device_of(self.row.user_agent)

    @property
    def icon(self) -> str:
        return "smartphone" if is_hand_held(self.row.user_agent) else "monitor"


@require_safe
@account_page()
def sessions(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    current = user.credential.session_id
    rows = selectors.own_sessions(user=user, current=current)
    items = [SessionItem(row, row.id == current) for row in rows[:SHOWN_SESSIONS]]
    total = rows.count()
    context = {"sessions": items, "others": total - 1, "total": total}
    return render(request, "accounts/account/sessions.html", context)


@require_POST
@account_page()
def session_end(request: HttpRequest, handle: str) -> HttpResponse:
    session_services.session_end(user=user_of(request), handle=handle)
    messages.success(request, "The session is ended.")
    return redirect("account-sessions")


@require_POST
@account_page()
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    ended = session_services.sessions_end_others(user=user_of(request))
    messages.success(request, f"Ended sessions: {ended}. Only this one is left.")
    return redirect("account-sessions")


@require_safe
@account_page()
def activity(request: HttpRequest) -> HttpResponse:
    """What one did oneself, newest first; `before` is the number of the entry that the page follows."""
    before = request.GET.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    rows = list(entries_of_actor(user_of(request).pk, before=last)[: SHOWN_ENTRIES + 1])
    shown = rows[:SHOWN_ENTRIES]
    context = {
        "entries": [
            {"row": row, "action": action_text(row.action), "target": target_text(row)} for row in shown
        ],
        "older": shown[-1].seq if len(rows) > SHOWN_ENTRIES else None,
        "is_newest": last is None,
    }
    return render(request, "accounts/account/activity.html", context)
