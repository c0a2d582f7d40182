"""Who asks what about whom. Everybody may ask about themselves, holders of `users:manage` about others.

Whether a file exists is told to its owner and to holders of `files:all` or `users:manage` alone.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from accounts.api.fields import Storable, parse_id
from accounts.models import User
from accounts.permissions import PERMISSIONS, has_permission
from accounts.selectors import user_called
from library.selectors import file_with_owner
from processing import registry
from processing.access.explanation import Explanation, Subject, explain
from processing.access.subjects import FileSubject, PermissionSubject, ToolSubject
from snapotter.common.errors import NotFound, PermissionRefused, ValidationFailed
from snapotter.common.wire import WireModel

OTHERS: Final = "users:manage"
SUBJECTS: Final = ("permission", "tool", "file")
_NO_FILE: Final = "There is no such file"

Text = Annotated[Storable, Field(max_length=255)]


class Question(WireModel):
    """May `user` use a permission, a tool or a file, signed in or with the API key of id `key`?

    A user goes by id or name, empty for oneself. What is empty is not asked.
    """

    user: Text = ""
    permission: Text = ""
    tool: Text = ""
    file: Text = ""
    key: Text = ""


def answer(question: Question, *, caller: User) -> Explanation:
    """Raises PermissionRefused, NotFound, ValidationFailed."""
    user = _user_for(caller, question.user)
    if question.key and not may_name_keys(caller, user):
        raise PermissionRefused("You may not ask about these API keys.")
    subject = subject_of(question)
    if isinstance(subject, FileSubject) and not _may_know(caller, subject):
        raise NotFound(_NO_FILE)
    return explain(subject, user=user, key_id=question.key)


def may_name_keys(caller: User, user: User) -> bool:
    """Whether `caller` may ask what `user` may do with a key."""
    return has_permission(caller, "apikeys:own" if user == caller else "apikeys:all")


def subject_of(question: Question) -> Subject:
    """Raises ValidationFailed for none or several and for an unknown permission, NotFound for a file."""
    given = [name for name in SUBJECTS if getattr(question, name)]
    if len(given) != 1:
        raise ValidationFailed("Ask for exactly one of permission, tool and file.")
    if question.permission:
        return _permission(question.permission)
    return _tool(question.tool) if question.tool else _file(question.file)


def _permission(name: str) -> Subject:
    if name not in PERMISSIONS:
        raise ValidationFailed(f"There is no permission called “{name}”.")
    return PermissionSubject(name)


def _tool(name: str) -> Subject:
    section, _, tool_id = name.rpartition("/")
    try:
        tool = registry.get(section, tool_id) if "/" in name else registry.find(name)
    except KeyError:
        tool = None
    return ToolSubject(name, tool)


def _file(text: str) -> Subject:
    file = file_with_owner(parse_id(text, "file"))
    if file is None:
        raise NotFound(_NO_FILE)
    return FileSubject(file)


def _user_for(caller: User, text: str) -> User:
    """Fresh from the database: the caller of a request may carry the scope of its key."""
    about_self = text in ("", str(caller.pk), caller.username)
    if not about_self and not has_permission(caller, OTHERS):
        raise PermissionRefused("Only those who manage users may ask about others.")
    user = user_called(str(caller.pk) if about_self else text)
    if user is None:
        raise NotFound("There is no such user")
    return user


def _may_know(caller: User, subject: FileSubject) -> bool:
    return subject.file.user == caller or any(
        has_permission(caller, permission) for permission in ("files:all", OTHERS)
    )
