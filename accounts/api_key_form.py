"""The form that makes an API key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import SuspiciousOperation
from django.core.signing import BadSignature, Signer
from django.utils import timezone

from accounts.models import User
from accounts.permission_texts import texts_of
from accounts.permissions import effective

NAME_LENGTH: Final = 100
_SIGNER: Final = Signer(salt="accounts.api_key_form")

_SCOPES: Final = (("all", "Everything I may"), ("some", "Only what I choose"))
_EXPIRIES: Final = (
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
    ("day", "On a day"),
    ("never", "Never"),
)


class ApiKeyForm(forms.Form):
    """Each form shown can make one key: it carries the id that key will have, signed for its user, so that
    sending it again, by a reload or a second click, makes no second one."""

    name = forms.CharField(
        label="Name",
        help_text="What will use the key, so that you know it again.",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    scope = forms.ChoiceField(
        label="What it may do", choices=_SCOPES, initial="all", widget=forms.RadioSelect
    )
    expiry = forms.ChoiceField(label="Ends", choices=_EXPIRIES, initial="90", widget=forms.RadioSelect)
    last_day = forms.DateField(
        label="Last day",
        required=False,
        help_text="The key works until this day ends in UTC.",
        widget=forms.DateInput(attrs={"class": "input", "type": "date"}),
    )

    def __init__(self, user: User, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self._user = user
        self.texts = texts_of(effective(user))
        self.fields["permissions"] = forms.MultipleChoiceField(
            required=False, choices=[(text.name, text.title) for text in self.texts]
        )
        self.ticket = data.get("ticket", "") if data is not None else _SIGNER.sign(f"{user.pk} {uuid4()}")

    @property
    def key_id(self) -> UUID:
        """Raises SuspiciousOperation for a ticket that this server did not give to this user."""
        try:
            owner, _, key_id = _SIGNER.unsign(self.ticket).partition(" ")
        except BadSignature:
            raise SuspiciousOperation("The ticket of the form is not valid") from None
        if owner != str(self._user.pk):
            raise SuspiciousOperation("The ticket of the form is somebody else's")
        return UUID(key_id)

    @property
    def scope_permissions(self) -> list[str] | None:
        return self.cleaned_data["permissions"] if self.cleaned_data["scope"] == "some" else None

    @property
    def expires_at(self) -> datetime | None:
        match self.cleaned_data["expiry"]:
            case "never":
                return None
            case "day":
                return datetime.combine(self.cleaned_data["last_day"], time.max, UTC)
            case days:
                return timezone.now() + timedelta(days=int(days))

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        self._clean_permissions(data)
        self._clean_last_day(data)
        return data

    def _clean_permissions(self, data: dict[str, Any]) -> None:
        if data.get("scope") != "some":
            self.errors.pop("permissions", None)  # nobody sees the field, so it counts for nothing
        elif not data.get("permissions", True):
            self.add_error("permissions", "Choose at least one, or let the key do everything you may.")

    def _clean_last_day(self, data: dict[str, Any]) -> None:
        today = timezone.now().date()
        if data.get("expiry") != "day":
            self.errors.pop("last_day", None)
        elif data.get("last_day", today) is None:
            self.add_error("last_day", "Give the day.")
        elif data.get("last_day", today) < today:
            self.add_error("last_day", "This day is over.")
