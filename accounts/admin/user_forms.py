"""The forms about users in the admin site."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.contrib.admin.helpers import ActionForm

from accounts.admin.sizes import SizeField
from accounts.models import Team, User
from accounts.passwords import MAX_LENGTH, min_length
from accounts.permissions import USER
from accounts.selectors import default_team
from accounts.user_services import MOST_BYTES
from snapotter.common.model_admin import ServiceForm

NEW: Final = ("username", "password", "role", "team")
EDITABLE: Final = ("role", "team", "storage_quota", "is_active")
_HANDED_OVER: Final = "Hand it over now, it is not shown again. It must be changed at the first sign-in."
_ROLE: Final = "What the user may do. No role can be given that may do more than you."


class PasswordInput(forms.TextInput):
    """Readable, as somebody passes it on; with a button that makes one up."""

    template_name = "admin/password_input.html"

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["minlength"] = min_length()
        return context


def password_field(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=_HANDED_OVER, strip=False, max_length=MAX_LENGTH, widget=PasswordInput
    )


class NewUserForm(ServiceForm):
    password = password_field("First password")

    class Meta:
        model = User
        fields = NEW
        help_texts: ClassVar[dict[str, str]] = {
            "username": "3 to 50 characters: letters, digits, _ . -",
            "role": _ROLE,
        }
        labels: ClassVar[dict[str, str]] = {"username": "User name"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "autocomplete": "off"}
        self.initial.setdefault("role", USER)
        self.initial.setdefault("team", default_team())


class UserForm(ServiceForm):
    storage_quota = SizeField(
        least=0,
        most=MOST_BYTES,
        label="Storage quota",
        help_text="What the user may keep, as 500 MB or 20 GB. Not set: what server and team allow.",
    )

    class Meta:
        model = User
        fields = EDITABLE
        labels: ClassVar[dict[str, str]] = {"is_active": "May sign in"}
        help_texts: ClassVar[dict[str, str]] = {
            "role": f"{_ROLE} Another role ends all sessions of the user.",
            "is_active": "Turned off, all sessions end and keys do not work; files, pipelines and keys stay.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "team" in self.fields and self.instance.team_id is not None:
            self.fields["team"].empty_label = None  # type: ignore[attr-defined]  # a ModelChoiceField


class PasswordForm(forms.Form):
    password = password_field("New password")


class MoveForm(ActionForm):
    """What is done with several users; the team is for the button beside it."""

    team = forms.ModelChoiceField(Team.objects.order_by("name"), required=False, empty_label="Choose a team")
