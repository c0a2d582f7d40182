"""`manage.py explain_access USER --tool T`: may somebody do something, and why or why not."""

from __future__ import annotations

from typing import Any, Final

from django.core.management import BaseCommand, CommandError, CommandParser

from accounts.selectors import user_called
from processing.access.explanation import Explanation, explain
from processing.access.questions import Question, subject_of
from snapotter.common.errors import NotFound, SnapOtterError
from snapotter.common.wire import parse_query

_MARKS: Final = {True: "yes", False: "no", None: "-"}


class Command(BaseCommand):
    help = "Say whether somebody may use a permission, a tool or a file, and which step decides it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="id or name")
        subject = parser.add_mutually_exclusive_group(required=True)
        subject.add_argument("--permission", default="", help="such as files:all")
        subject.add_argument("--tool", default="", help="<tool id> or <section>/<tool id>")
        subject.add_argument("--file", default="", help="the id of a library file")
        parser.add_argument("--key", default="", help="the id of an API key that the user comes with")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {name: options[name] for name in Question.model_fields}
        try:
            explanation = _explained(parse_query(Question, asked))
        except SnapOtterError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{'Yes' if explanation.allowed else 'No'}: {explanation.sentence}")
        for step in explanation.chain:
            self.stdout.write(f"  {_MARKS[step.passed]:4} {step.title + ':':18} {step.reason}")


def _explained(question: Question) -> Explanation:
    user = user_called(question.user)
    if user is None:
        raise NotFound("There is no such user")
    return explain(subject_of(question), user=user, key_id=question.key)
