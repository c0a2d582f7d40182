"""What the parameters in a route stand for: an object of some owner, made for one request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from django.db.models import Model

from accounts.models import ApiKey, Role, Team, User
from accounts.session_services import session_handle
from audit.models import AuditEntry
from audit.services import record
from conftest import session_of
from processing.models import Job, Pipeline

_PARAMETER: Final = re.compile(r"<(?:\w+:)?(\w+)>")


def job_of(owner: User) -> Job:
    """Its input is listed, but its files are gone."""
    job = Job.objects.create(type="resize", tool_id="resize", user=owner)
    job.input_files = [f"{job.pk}/input/photo.png"]
    job.save(update_fields=["input_files"])
    return job


def api_key_of(owner: User) -> ApiKey:
    return ApiKey.objects.create(user=owner, name="A key", key_hash="none")


def pipeline_of(owner: User) -> Pipeline:
    return Pipeline.objects.create(name="Turn", steps=[{"toolId": "rotate", "settings": {}}], user=owner)


def role_of(owner: User) -> Role:
    """The owner's, if it may be changed at all."""
    role = Role.objects.get(name=owner.role_id)
    return Role.objects.create(name="rafters", permissions=["tools:use"]) if role.is_builtin else role


def team_of(owner: User) -> Team:
    return Team.objects.create(name=f"Friends of {owner.username}")


def audit_entry_of(owner: User) -> AuditEntry:
    record("LOGOUT", actor=owner, target_id=owner.pk, details={})
    return AuditEntry.objects.latest("seq")


def key_of(row: Model) -> str:
    return str(row.pk)


# By the parameter, in the admin site by the model.
OBJECTS: Final[Mapping[str, Callable[[User], str]]] = {
    "job_id": lambda owner: key_of(job_of(owner)),
    "pipeline_id": lambda owner: key_of(pipeline_of(owner)),
    "key_id": lambda owner: key_of(api_key_of(owner)),
    "user_id": key_of,
    "role_id": lambda owner: key_of(role_of(owner)),
    "team_id": lambda owner: key_of(team_of(owner)),
    "handle": lambda owner: session_handle(session_of(owner).id),
    "audit/auditentry": lambda owner: key_of(audit_entry_of(owner)),
    "accounts/apikey": lambda owner: key_of(api_key_of(owner)),
    "accounts/user": key_of,
    "accounts/role": lambda owner: key_of(role_of(owner)),
    "accounts/team": lambda owner: key_of(team_of(owner)),
    "processing/job": lambda owner: key_of(job_of(owner)),
}
WORDS: Final[Mapping[str, str]] = {
    "format": "csv",
    "filename": "photo.png",
    "key": "defaultTheme",
    "section": "image",
    "tool_id": "resize",
    "app_label": "audit",
    "url": "nothing/here",
    "content_type_id": "1",
}


def has_owner(route: str) -> bool:
    return any(name not in WORDS for name in _PARAMETER.findall(route))


def address(route: str, owner: User) -> str:
    """The path of a route, about objects of `owner`."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "object_id" and route.startswith("admin/r/"):
            return "1"
        if name == "object_id":
            name = "/".join(route.split("/")[1:3])
        return WORDS[name] if name in WORDS else OBJECTS[name](owner)

    return "/" + _PARAMETER.sub(value, route)
