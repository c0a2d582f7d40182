"""What can be asked for: a permission, a tool, a file. Each names the function that enforces it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from accounts.credentials import scope_of
from accounts.models import ApiKey, Role, Team, User
from accounts.permissions import ADMIN, RESERVED, has_permission, of_role, ordered, tools_of_role
from accounts.tool_permissions import NO_TOOL, ToolLimit
from library.models import UserFile
from library.selectors import files
from processing import catalogue
from processing.access.explanation import Step
from processing.tooling import Tool

MOST_NAMED: Final = 12


@dataclass(frozen=True)
class PermissionSubject:
    permission: str

    @property
    def title(self) -> str:
        return f"the permission {self.permission}"

    def is_open_to(self, user: User) -> bool:
        return has_permission(user, self.permission)

    def steps(self, user: User, key: ApiKey | None) -> Iterator[Step]:
        return _permission_steps(user, key, self.permission)


@dataclass(frozen=True)
class ToolSubject:
    """`tool` None: there is none of that name."""

    name: str
    tool: Tool[Any] | None

    @property
    def title(self) -> str:
        return f"the tool {self.tool.path if self.tool else self.name}"

    def is_open_to(self, user: User) -> bool:
        return self.tool is not None and catalogue.is_usable(self.tool, user=user)

    def steps(self, user: User, key: ApiKey | None) -> Iterator[Step]:
        yield from _permission_steps(user, key, "tools:use")
        if self.tool is None:
            yield Step("tool", False, f"There is no tool called “{self.name}”.")
            return
        yield _limit_step(user.role, self.tool)
        enabled = catalogue.is_enabled(self.tool)
        state = "on" if enabled else "off for everybody (setting disabledTools)"
        yield Step("tool", enabled, f"{self.tool.title} is turned {state}.")


@dataclass(frozen=True)
class FileSubject:
    file: UserFile

    @property
    def title(self) -> str:
        return f"the file {self.file.pk}"

    def is_open_to(self, user: User) -> bool:
        return files(for_user=user).filter(pk=self.file.pk).exists()

    def steps(self, user: User, key: ApiKey | None) -> Iterator[Step]:
        yield from _permission_steps(user, key, "files:own", "files:all")
        owner = self.file.user
        if owner == user:
            yield Step("ownership", True, f"The file belongs to {user.username}.")
            return
        reason = f"The file belongs to {owner.username}; opening what others have needs files:all."
        yield Step("ownership", has_permission(user, "files:all"), reason)
        yield _team_step(user, owner)


def _permission_steps(user: User, key: ApiKey | None, *wanted: str) -> Iterator[Step]:
    """Whether the role holds any of the `wanted` and the key leaves it."""
    held = of_role(user.role_id, user.role.permissions)
    found = held.intersection(wanted)
    yield Step("role", bool(found), f"The role “{user.role_id}” {_held(held, found, wanted)}.")
    if key is not None:
        scope = scope_of(key)
        left = found or frozenset(wanted)
        yield Step("scope", scope is None or not scope.isdisjoint(left), _scope_reason(scope, left))


def _held(held: frozenset[str], found: frozenset[str], wanted: Collection[str]) -> str:
    if found:
        return f"holds {' and '.join(ordered(found))}"
    if RESERVED.issuperset(wanted):
        return f"does not hold {' or '.join(wanted)}, which only the built-in role “{ADMIN}” does"
    return f"does not hold {' or '.join(wanted)}; it holds {', '.join(ordered(held)) or 'nothing'}"


def _scope_reason(scope: frozenset[str] | None, left: frozenset[str]) -> str:
    if scope is None:
        return "The key is not limited: it may do all that the role may."
    both = left & scope
    verb = "includes" if both else "leaves out"
    limited = ", ".join(ordered(scope)) or "nothing"
    return f"The key is limited to {limited}, which {verb} {' and '.join(ordered(both or left))}."


def _limit_step(role: Role, tool: Tool[Any]) -> Step:
    limit = tools_of_role(role.name, role.tool_permissions)
    passed = limit is None or limit.allows(tool.id, tool.category)
    return Step("toolPermissions", passed, f"The role “{role.name}” {_limited(limit, tool)}.")


def _limited(limit: ToolLimit | None, tool: Tool[Any]) -> str:
    if limit is None:
        return "may use every tool"
    if limit is NO_TOOL:
        return "may use no tool, because what limits it cannot be read"
    if not limit.allowed:
        return "may use no tool"
    kind = "tools" if limit.mode == "tool" else "categories"
    entry = tool.id if limit.mode == "tool" else tool.category
    verb = "is" if limit.allows(tool.id, tool.category) else "is not"
    return f"is limited to the {kind} {_listed(limit.allowed)}; {entry} {verb} among them"


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _team_step(user: User, owner: User) -> Step:
    if user.team is not None and user.team == owner.team:
        where = f"Both are in the team “{user.team.name}”"
    else:
        where = f"{user.username} is in {_team(user.team)}, {owner.username} in {_team(owner.team)}"
    return Step("team", None, f"{where}; a team opens no files.")


def _team(team: Team | None) -> str:
    return f"the team “{team.name}”" if team else "no team"
