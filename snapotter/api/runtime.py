"""`/api/v1/settings`: what an administrator changes while the server runs. Every value is a string.

`/api/v1/config/locale` is the one of them that who is not signed in may know by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from rest_framework.request import Request

from accounts.permissions import has_permission
from accounts.settings_services import settings_change
from snapotter.common.endpoint import PUBLIC, Endpoint, operation
from snapotter.common.errors import NotFound, PermissionRefused, ValidationFailed
from snapotter.common.wire import Timestamp, WireModel
from snapotter.runtime import store
from snapotter.runtime.definition import Definition
from snapotter.runtime.models import Setting
from snapotter.runtime.registry import DEFAULT_LOCALE, DEFINITIONS
from snapotter.runtime.services import holds_tag

TAGS = ["Settings"]


class SettingsMap(WireModel):
    settings: dict[str, str]


class SettingItem(WireModel):
    """`updatedAt` is null while the default holds."""

    key: str
    value: str
    updated_at: Timestamp | None


class SettingsChange(WireModel):
    """New values by name; what is no string is taken as its JSON text. A secret given as `********` stays."""

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
        settings_change(user=request.user, values=values)
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


class Locale(WireModel):
    default_locale: str


class DefaultLocale(Endpoint):
    authentication_classes = ()

    @operation(access=PUBLIC, answers=Locale, summary="The language of the pages", tags=TAGS)
    def get(self, request: Request) -> Locale:
        return Locale(default_locale=store.get(DEFAULT_LOCALE))


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    for name in values:
        if not name or holds_tag(name):
            raise ValidationFailed("A setting must have a name, without HTML")
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in values.items()
    }
