"""May somebody do something, and why or why not: for programs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from accounts.caller import user_of
from accounts.models import User
from accounts.permissions import PERMISSIONS
from processing.access.explanation import Explanation, Step
from processing.access.questions import Question, answer
from snapotter.common.endpoint import SIGNED_IN, Endpoint, operation
from snapotter.common.wire import WireModel, parse_query


class AccessUser(WireModel):
    id: UUID
    username: str
    role: str
    team: str | None

    @classmethod
    def of(cls, user: User) -> AccessUser:
        team = user.team.name if user.team else None
        return cls(id=user.id, username=user.username, role=user.role_id, team=team)


class AccessQuestion(WireModel):
    permission: str | None
    tool: str | None
    file: str | None
    key: str | None

    @classmethod
    def of(cls, question: Question) -> AccessQuestion:
        return cls(
            permission=question.permission or None,
            tool=question.tool or None,
            file=question.file or None,
            key=question.key or None,
        )


class AccessStep(WireModel):
    """`passed` null: the step decides nothing, which is worth knowing."""

    step: str
    passed: bool | None
    reason: str

    @classmethod
    def of(cls, step: Step) -> AccessStep:
        return cls(step=step.name, passed=step.passed, reason=step.reason)


class AccessAnswer(WireModel):
    allowed: bool
    user: AccessUser
    question: AccessQuestion
    chain: list[AccessStep]

    @classmethod
    def of(cls, question: Question, explanation: Explanation) -> AccessAnswer:
        return cls(
            allowed=explanation.allowed,
            user=AccessUser.of(explanation.user),
            question=AccessQuestion.of(question),
            chain=[AccessStep.of(step) for step in explanation.chain],
        )


class AccessExplanation(Endpoint):
    @operation(
        access=SIGNED_IN,
        answers=AccessAnswer,
        summary="May somebody use a permission, a tool or a file, and why",
        description="Exactly one of `permission`, `tool` and `file`. Others than oneself are for holders of"
        " `users:manage`, their keys for holders of `apikeys:all` too.",
        tags=["Access"],
        parameters=[
            OpenApiParameter("user", str, description="Id or name; oneself when it is missing."),
            OpenApiParameter("permission", str, enum=PERMISSIONS),
            OpenApiParameter("tool", str, description="`<tool id>` or `<section>/<tool id>`."),
            OpenApiParameter("file", str, description="The id of a library file."),
            OpenApiParameter("key", str, description="The id of an API key that the user comes with."),
        ],
    )
    def get(self, request: Request) -> AccessAnswer:
        question = parse_query(Question, request.query_params.dict())
        return AccessAnswer.of(question, answer(question, caller=user_of(request)))
