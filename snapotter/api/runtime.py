"""`/api/v1/settings`: what an administrator changes while the server runs. Every value is a string."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from pydantic import ConfigDict
from rest_framework.request import Request

from accounts.permissions import has_permission
from audit.services import record
from snapotter.common.endpoint import Endpoint, operation
from snapotter.common.errors import NotFound, PermissionRefused, ValidationFailed
from snapotter.common.wire import Timestamp, WireModel
from snapotter.runtime import services, store
from snapotter.runtime.definition import Definition
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import DEFINITIONS

TAGS = ["Settings"]
_TAG_OPENS: Final = re.compile(r"<[A-Za-z/!?]")


class SettingsMap(WireModel):
    settings: dict[str, str]


class SettingItem(WireModel):
    """`updatedAt` is null while the default holds."""

    key: str
    value: str
    updated_at: Timestamp | None


class SettingsChange(WireModel):
    """Names and new values; what is no string is taken as its JSON text."""

    model_config = ConfigDict(extra="allow")


class SettingsChanged(WireModel):
    ok: bool = True
    updated_count: int


class Settings(Endpoint):
    @operation(
        access="settings:read",
        answers=SettingsMap,
        summary="The settings you may read",
        tags=TAGS,
        per_minute=300,
    )
    def get(self, request: Request) -> SettingsMap:
        readable = [each for each in DEFINITIONS.values() if has_permission(request.user, each.reads)]
        return SettingsMap(settings={each.name: each.shown(store.get(each)) for each in readable})

    @operation(
        access="settings:write",
        body=SettingsChange,
        answers=SettingsChanged,
        summary="Change settings: all that are named, or none",
        tags=TAGS,
    )
    def put(self, request: Request, body: SettingsChange) -> SettingsChanged:
        values = _as_text(body.model_extra or {})
        change_settings(user=request.user, values=values)
        return SettingsChanged(updated_count=len(values))


class SettingDetail(Endpoint):
    @operation(access="settings:read", answers=SettingItem, summary="One setting", tags=TAGS, per_minute=300)
    def get(self, request: Request, key: str) -> SettingItem:
        definition: Definition[Any] | None = DEFINITIONS.get(key)
        if definition is None:
            raise NotFound("There is no such setting")
        if not has_permission(request.user, definition.reads):
            raise PermissionRefused
        row = Setting.objects.filter(key=key).first()
        return SettingItem(
            key=key,
            value=definition.shown(store.get(definition)),
            updated_at=row.updated_at if row else None,
        )


def change_settings(*, user: Any, values: Mapping[str, str]) -> None:
    """Change settings and record which. Raises what `snapotter.runtime.services.change` does, and
    PermissionRefused when one of them asks for more than `settings:write`."""
    with transaction.atomic():
        services.change(values)
        if not all(has_permission(user, DEFINITIONS[name].writes) for name in values):
            raise PermissionRefused
        if values:
            record("SETTINGS_UPDATED", actor=user, details={"adminId": str(user.pk), "keys": sorted(values)})


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }
    for name, text in texts.items():
        if not name:
            raise ValidationFailed("A setting must have a name")
        if _has_tag(name) or _has_tag(text):
            raise ValidationFailed("Settings must not hold HTML")
    return texts


def _has_tag(text: str) -> bool:
    """Two steps instead of one expression, which would take quadratic time on `<a<a<a…`."""
    opening = _TAG_OPENS.search(text)
    return opening is not None and ">" in text[opening.end() :]
