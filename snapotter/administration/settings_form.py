"""The form of the settings page, made from the registry: a field for each setting somebody may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.permission_texts import TEXTS
from accounts.permissions import has_permission
from snapotter.administration.tool_picker import ToolPicker
from snapotter.common.errors import Conflict, SnapOtterError
from snapotter.runtime import store
from snapotter.runtime.definition import Definition
from snapotter.runtime.kinds import Choice, Ids, Kind, Number, Text, Truth, Whole
from snapotter.runtime.registry import CUSTOM_LOGO, DEFINITIONS


def _widget(kind: Kind[Any]) -> forms.Widget:
    match kind:
        case Truth():
            return forms.CheckboxInput({"class": "checkbox", "role": "switch"})
        case Choice():
            return forms.Select({"class": "select"}, kind.options.items())
        case Ids():
            return ToolPicker()
        case Whole():
            return forms.NumberInput({"class": "input", "min": kind.low, "max": kind.high})
        case Number():
            return forms.NumberInput({"class": "input", "min": kind.low, "max": kind.high, "step": "any"})
        case Text():
            return forms.TextInput({"class": "input", "maxlength": kind.longest})
    raise TypeError(f"no widget shows a {type(kind).__name__}")


class SettingField(forms.Field):
    """Cleans to the text of the setting. `locked` says why it cannot be changed, `was` what its user saw."""

    def __init__(self, definition: Definition[Any], locked: str, was: str | None) -> None:
        value = store.get(definition)
        self.definition = definition
        self.locked = locked
        self.was = definition.shown(value) if was is None else was
        super().__init__(
            label=definition.title,
            help_text=definition.help,
            initial=value if isinstance(definition.kind, Truth | Ids) else definition.shown(value),
            required=False,
            disabled=bool(locked),
            widget=_widget(definition.kind),
        )

    @property
    def kind_name(self) -> str:
        """What tells a template how to lay it out."""
        return type(self.definition.kind).__name__.lower()

    @property
    def default_text(self) -> str:
        return self.definition.shown(self.definition.default())

    @property
    def default_in_words(self) -> str:
        kind, text = self.definition.kind, self.default_text
        if isinstance(kind, Truth):
            return "on" if text == "true" else "off"
        if isinstance(kind, Choice):
            return kind.options[text]
        if isinstance(kind, Ids):
            return ", ".join(json.loads(text)) or "none"
        return f"{text} {self.definition.unit}".strip()

    def clean(self, value: Any) -> str:
        """Raises ValidationError."""
        if self.disabled:
            return self.was
        text = self._text_of(value)
        try:
            self.definition.kind.parse(text)
        except ValueError as error:
            raise forms.ValidationError(_sentence(str(error))) from None
        return text

    def _text_of(self, value: Any) -> str:
        if isinstance(self.definition.kind, Truth):
            return "true" if value else "false"
        return json.dumps(value) if isinstance(value, list | tuple) else str(value or "").strip()

    def is_change(self, text: str) -> bool:
        """Whether valid text means another value; ids mean the same in any order."""
        kind = self.definition.kind
        try:
            before = kind.parse(self.was)
        except ValueError:
            return text != self.was
        after = kind.parse(text)
        return set(after) != set(before) if isinstance(kind, Ids) else after != before


class SettingsForm(forms.Form):
    """Sends with each setting what it was when the page was made: what differs was changed by the sender.

    A setting without that was not on the sender's page, and stays.
    """

    def __init__(self, user: Any, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.settings: dict[str, SettingField] = {}
        for name, definition in DEFINITIONS.items():
            was = None if data is None else data.get(f"was-{name}")
            on_page = definition is not CUSTOM_LOGO and (data is None or was is not None)
            if on_page and has_permission(user, definition.reads):
                self.settings[name] = SettingField(definition, _locked(definition, user), was)
        self.fields.update(self.settings)

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        groups: dict[str, list[forms.BoundField]] = {}
        for name, field in self.settings.items():
            groups.setdefault(field.definition.group, []).append(self[name])
        return list(groups.items())

    def changes(self) -> dict[str, str]:
        return {
            name: self.cleaned_data[name]
            for name, field in self.settings.items()
            if not field.disabled and field.is_change(self.cleaned_data[name])
        }

    def expected(self) -> dict[str, str]:
        return {name: self.settings[name].was for name in self.changes()}

    def refuse(self, error: SnapOtterError) -> None:
        """Say at the fields what is wrong with them. Who is told of a conflict has seen what holds now."""
        if not error.details:
            self.add_error(None, error.message)
        for problem in error.details or ():
            field = self.settings[problem["path"]]
            self.add_error(problem["path"], _sentence(problem["message"]))
            if isinstance(error, Conflict):
                field.was = field.definition.shown(store.get(field.definition))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _locked(definition: Definition[Any], user: Any) -> str:
    if definition.read_only:
        return "Set by the server"
    lacking = [needed for needed in ("settings:write", definition.writes) if not has_permission(user, needed)]
    titles = [text.title for text in TEXTS if text.name in lacking]
    return f"Needs the permission “{'” and “'.join(titles)}”" if titles else ""
