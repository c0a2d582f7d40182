"""What a user may do: the permissions, the built-in roles, and the one function everybody asks.

A view, the admin, a template and a service all end in `has_permission`. What a user holds is the
permissions of the role, cut down to the scope of the API key the request came with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from accounts.tool_permissions import NO_TOOL, ToolLimit, from_stored
from snapotter.common.errors import PermissionRefused

PERMISSIONS: Final = (
    "tools:use",
    "files:own",
    "files:all",
    "apikeys:own",
    "apikeys:all",
    "pipelines:own",
    "pipelines:all",
    "settings:read",
    "settings:write",
    "users:manage",
    "teams:manage",
    "features:manage",
    "system:health",
    "audit:read",
    "compliance:manage",
    "webhooks:manage",
    "security:manage",
)
RESERVED: Final = frozenset({"compliance:manage", "webhooks:manage", "security:manage"})
GRANTABLE: Final = frozenset(PERMISSIONS) - RESERVED

ADMIN: Final = "admin"
EDITOR: Final = "editor"
USER: Final = "user"

_USER = frozenset({"tools:use", "files:own", "apikeys:own", "pipelines:own", "settings:read"})
BUILTIN_ROLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        ADMIN: frozenset(PERMISSIONS),
        EDITOR: _USER | {"files:all", "pipelines:all"},
        USER: _USER,
    }
)

# Who may open the admin site at all; what it shows is decided model by model.
ADMINISTRATIVE: Final = frozenset(
    {"users:manage", "teams:manage", "settings:write", "features:manage", "system:health", "audit:read"}
)

# Django's model permissions, for the admin: `app.model` -> (what reads it, what changes it; None: nobody).
_MODELS: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {
        "accounts.user": ("users:manage", "users:manage"),
        "accounts.role": ("users:manage", "users:manage"),
        "accounts.team": ("teams:manage", "teams:manage"),
        "accounts.session": ("users:manage", "users:manage"),
        "accounts.apikey": ("apikeys:all", "apikeys:all"),
        "audit.auditentry": ("audit:read", None),
        "runtime.setting": ("settings:write", "settings:write"),
        "library.userfile": ("files:all", "files:all"),
        "processing.job": ("system:health", None),
        "processing.pipeline": ("pipelines:all", "pipelines:all"),
    }
)


def ordered(permissions: Collection[str]) -> list[str]:
    """In the order of PERMISSIONS, which is the order on the wire."""
    return [permission for permission in PERMISSIONS if permission in permissions]


def of_role(name: str, stored: Iterable[str]) -> frozenset[str]:
    """What a role holds. A built-in one is a constant, its row display; a custom one gets no RESERVED."""
    builtin = BUILTIN_ROLES.get(name)
    return builtin if builtin is not None else GRANTABLE.intersection(stored)


def effective(user: Any, scope: Collection[str] | None = None) -> frozenset[str]:
    """What `user` may do in this request: role ∩ scope of the presented key (`user.scope`) ∩ `scope`."""
    if not (user.is_authenticated and user.is_active):
        return frozenset()
    held = of_role(user.role_id, user.role.permissions)
    for limit in (user.scope, scope):
        if limit is not None:
            held = held.intersection(limit)
    return held


def has_permission(user: Any, permission: str, scope: Collection[str] | None = None) -> bool:
    """Whether `user` holds `permission`. Anonymous and disabled users hold none."""
    return permission in effective(user, scope)


def require_any(user: Any, *permissions: str) -> None:
    """Raises PermissionRefused unless `user` holds one of `permissions`."""
    if effective(user).isdisjoint(permissions):
        raise PermissionRefused


def tools_of_role(name: str, stored: Any) -> ToolLimit | None:
    """What limits the tools of a role; None for nothing, as in a built-in role whatever its row says."""
    return None if name in BUILTIN_ROLES else from_stored(stored)


def tool_limit(user: Any) -> ToolLimit | None:
    """What limits the tools of `user` in this request, None for nothing; for who looks at many tools."""
    if not has_permission(user, "tools:use"):
        return NO_TOOL
    return tools_of_role(user.role_id, user.role.tool_permissions)


def may_use_tool(user: Any, tool_id: str, category: str) -> bool:
    """Whether `user` holds `tools:use` and has a role that is not limited to other tools."""
    limit = tool_limit(user)
    return limit is None or limit.allows(tool_id, category)


def has_django_permission(user: Any, name: str) -> bool:
    """`has_perm` of Django: one of ours by its name, or `app.action_model`; an unknown name is refused."""
    if name in PERMISSIONS:
        return has_permission(user, name)
    label, _, codename = name.partition(".")
    action, _, model = codename.partition("_")
    reads, changes = _MODELS.get(f"{label}.{model}", (None, None))
    needed = reads if action == "view" else changes
    return needed is not None and has_permission(user, needed)


def has_module_permission(user: Any, label: str) -> bool:
    models = (pair for name, pair in _MODELS.items() if name.startswith(f"{label}."))
    return any(has_permission(user, reads) for reads, _ in models)
