"""What can be done with one user besides changing the row: a new password, an end of all sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts import revocation, user_services
from accounts.admin.user_forms import PasswordForm
from accounts.caller import user_of
from accounts.models import User
from snapotter.common.errors import SnapOtterError, ValidationFailed
from snapotter.common.model_admin import ServiceAdmin


class UserPages(ServiceAdmin):
    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, str, Callable[..., HttpResponse]]] = [
            ("password", "accounts_user_password", self.password_view),
            ("end-sessions", "accounts_user_end_sessions", require_POST(self.end_sessions_view)),
        ]
        ours = [
            path(f"<uuid:user_id>/{route}/", self.admin_site.admin_view(view), name=name)
            for route, name, view in pages
        ]
        return ours + super().get_urls()

    def password_view(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        """Ask for a new password, and set it."""
        user = self._changeable(request, user_id)
        form = PasswordForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                return self._reset(request, user, form.cleaned_data["password"])
            except ValidationFailed as error:
                form.add_error("password", error.message)
            except SnapOtterError as error:
                form.add_error(None, error.message)
        context = {
            **self.admin_site.each_context(request),
            "title": f"A new password for {user}",
            "opts": self.opts,
            "original": user,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/user/password.html", context)

    def _reset(self, request: HttpRequest, user: User, new: str) -> HttpResponse:
        user_services.password_reset(caller=user_of(request), user_id=user.pk, new=new)
        messages.success(request, f"{user} has a new password. All sessions ended, all keys are deleted.")
        return redirect("admin:accounts_user_change", user.pk)

    def end_sessions_view(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        user = self._changeable(request, user_id)
        try:
            ended = revocation.sessions_revoke(caller=user_of(request), user_id=user.pk)
            messages.success(request, f"Sessions ended: {ended}.")
        except SnapOtterError as error:
            messages.error(request, error.message)
        return redirect("admin:accounts_user_change", user.pk)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Tells what goes along."""
        user = self.get_object(request, object_id)
        if isinstance(user, User):
            extra_context = {"sessions": user.sessions.count(), "keys": user.api_keys.count()}
        return super().delete_view(request, object_id, extra_context)

    def _changeable(self, request: HttpRequest, user_id: UUID) -> User:
        """Raises PermissionDenied, Http404."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        user = User.objects.select_related("role").filter(pk=user_id).first()
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        return user
