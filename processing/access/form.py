"""The form that asks who may use what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from django import forms

from accounts.models import User
from accounts.permission_texts import TEXTS
from accounts.permissions import has_permission
from accounts.selectors import own_api_keys
from processing.access.questions import OTHERS, SUBJECTS, Question, may_name_keys
from processing.adapters.groups import CATEGORIES
from processing.registry import all_tools

_ABOUT: Final = (("tool", "A tool"), ("permission", "A permission"), ("file", "A file"))
_MISSING: Final = {
    "tool": "Choose a tool.",
    "permission": "Choose a permission.",
    "file": "Give the id of the file.",
}

Choice = tuple[str, Any]


def _text(label: str, help_text: str) -> forms.CharField:
    attributes = {"class": "input", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
    widget = forms.TextInput(attrs=attributes)
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=255, widget=widget)


def _choice(label: str, choices: Iterable[Choice] = ()) -> forms.CharField:
    """Any text is let through: an address may name what is no choice, and the answer says what it is."""
    widget = forms.Select(attrs={"class": "select"}, choices=choices)
    return forms.CharField(label=label, required=False, max_length=255, widget=widget)


def _tools() -> Iterator[Choice]:
    yield "", "Choose a tool"
    for category, title in CATEGORIES.items():
        yield title, [(tool.id, tool.title) for tool in all_tools() if tool.category == category]


def _permissions() -> Iterator[Choice]:
    yield "", "Choose a permission"
    for group, texts in groupby(TEXTS, key=lambda text: text.group):
        yield group, [(text.name, f"{text.title} ({text.name})") for text in texts]


class AccessForm(forms.Form):
    """Bound when the address asks something; one that names a user alone fills the form in."""

    user = _text("Who", "Name or id; empty for yourself.")
    about = forms.ChoiceField(label="May use", choices=_ABOUT, widget=forms.RadioSelect)
    tool = _choice("Tool", _tools())
    permission = _choice("Permission", _permissions())
    file = _text("File", "The id of a file in the library.")
    key = _choice("Coming in")

    def __init__(self, caller: User, query: Mapping[str, str]) -> None:
        given = [name for name in SUBJECTS if query.get(name)]
        values = {"about": given[0] if given else "tool", **query}
        asks = "about" in query or given
        super().__init__(values if asks else None, initial=values)
        self._caller = caller
        self.may_ask_about_others = has_permission(caller, OTHERS)

    def offer_keys(self, user: User) -> None:
        """Let the keys of `user` be chosen, as far as whoever asks may know them."""
        keys = own_api_keys(user=user) if may_name_keys(self._caller, user) else ()
        choices = [(str(key.pk), f"With the key “{key.name}”") for key in keys]
        self.fields["key"].widget.choices = [("", "Signed in"), *choices] if choices else []

    @property
    def question(self) -> Question:
        asked = self.cleaned_data
        about = asked["about"]
        return Question(user=asked["user"], key=asked["key"], **{about: asked[about]})

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        about = data.get("about")
        if about and about not in self.errors and not data.get(about):
            self.add_error(about, _MISSING[about])
        return data
