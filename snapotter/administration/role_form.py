"""The form of a role: what it may do, in words, and with which tools."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django import forms

from accounts.models import Role
from accounts.permission_texts import TEXTS
from accounts.permissions import GRANTABLE, tools_of_role
from accounts.role_services import DESCRIPTION_LENGTH
from accounts.tool_permissions import ToolLimit
from snapotter.administration.tool_picker import ToolPicker, categories, tool_choices
from snapotter.common.model_admin import ServiceForm

_ABOUT: Final = {text.name: text for text in TEXTS}
_TOOLS: Final = ("mode", "categories", "tools")
_MODES: Final = (
    ("all", "Every tool, also those of later versions"),
    ("category", "Only these categories, with what later versions add to them"),
    ("tool", "Only these tools"),
)


def permission_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """By group, without those that no role can be given."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for text in TEXTS:
        if text.name in GRANTABLE:
            groups.setdefault(text.group, []).append((text.name, text.title))
    return list(groups.items())


class PermissionPicker(forms.CheckboxSelectMultiple):
    """Every permission by group and explained; what `held` lacks cannot be ticked."""

    template_name = "admin/permission_picker.html"
    held: Collection[str] = GRANTABLE

    def create_option(self, name: str, value: Any, *args: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **options)
        option["about"] = _ABOUT[str(value)]
        option["attrs"]["aria-describedby"] = f"{option['attrs']['id']}_about"
        if value not in self.held:
            option["attrs"]["disabled"] = True
        return option


class RoleForm(ServiceForm):
    permissions = forms.MultipleChoiceField(
        label="Permissions", required=False, choices=permission_choices, widget=PermissionPicker
    )
    mode = forms.ChoiceField(label="Tools", choices=_MODES, initial="all", widget=forms.RadioSelect)
    categories = forms.MultipleChoiceField(
        label="These categories", required=False, choices=categories, widget=forms.CheckboxSelectMultiple
    )
    tools = forms.MultipleChoiceField(
        label="These tools", required=False, choices=tool_choices, widget=ToolPicker
    )
    held: Collection[str] = GRANTABLE
    """What whoever fills it in may give."""

    class Meta:
        model = Role
        fields = ("name", "description")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "name" not in self.fields:
            return  # a page that only tells
        self.fields["permissions"].widget.held = self.held
        self.fields["name"].help_text = "2 to 30 characters: a to z, digits, _ -"
        self.fields["description"].widget = forms.Textarea({"rows": 2, "maxlength": DESCRIPTION_LENGTH})
        if not self.instance._state.adding:
            self.initial.update(_tools_of(self.instance))

    def clean_permissions(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["permissions"]
        if not chosen and self.instance._state.adding:
            raise forms.ValidationError("Choose at least one.")
        return chosen

    def changes(self) -> dict[str, Any]:
        changes = super().changes()
        if any(name in changes for name in _TOOLS):
            changes["tool_permissions"] = self._limit()
        return {name: value for name, value in changes.items() if name not in _TOOLS}

    def _limit(self) -> ToolLimit | None:
        match self.cleaned_data["mode"]:
            case "category":
                return ToolLimit(mode="category", allowed=_each_once(self.cleaned_data["categories"]))
            case "tool":
                return ToolLimit(mode="tool", allowed=_each_once(self.cleaned_data["tools"]))
        return None


def _each_once(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _tools_of(role: Role) -> dict[str, Any]:
    """Ids of what is gone since are left out: they mean nothing, and could not be saved again."""
    limit = tools_of_role(role.name, role.tool_permissions)
    if limit is None:
        return {"mode": "all"}
    if limit.mode == "category":
        return {"mode": "category", "categories": [id for id, _ in categories() if id in limit.allowed]}
    known = [id for _, tools in tool_choices() for id, _ in tools]
    return {"mode": "tool", "tools": [id for id in known if id in limit.allowed]}
