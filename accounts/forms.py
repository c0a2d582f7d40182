"""The forms of the sign-in pages. What they say is checked by `accounts.services`, as for the API."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.passwords import MAX_LENGTH, min_length
from accounts.services import USERNAME_LENGTH


def _password(label: str, autocomplete: str, **attributes: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, **attributes})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=MAX_LENGTH)


class LoginForm(forms.Form):
    username = forms.CharField(
        label="User name",
        strip=False,
        max_length=USERNAME_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = _password("Password", "current-password")


class ChangePasswordForm(forms.Form):
    current_password = _password("Current password", "current-password")
    new_password = _password("New password", "new-password")
    repeat_password = _password("New password again", "new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password", "repeat_password"):
            self.fields[name].widget.attrs["minlength"] = min_length()

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if data and data.get("new_password") != data.get("repeat_password"):
            self.add_error("repeat_password", "The two new passwords differ.")
        return data
