"""`manage.py pipeline STEPS.json INPUT OUTPUT`: run tools one after another on a file. Needs neither database
nor server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from processing.engine.request import InputFile, Limits, PipelineRequest, StepRequest
from processing.engine.track import Step
from processing.management.running import run_on_file
from processing.pipelines.check import warnings
from processing.pipelines.definition import parse_definition
from processing.pipelines.steps import operators_step, require_possible
from processing.results import message_of
from processing.tooling import SourceImage
from snapotter.common.errors import SnapOtterError


class Command(BaseCommand):
    help = "Run tools one after another on a file. What would be lost on the way is told on standard error."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "steps",
            type=Path,
            metavar="STEPS",
            help='a file with {"steps": [{"toolId": …, "settings": {…}}]}',
        )
        parser.add_argument("input", type=Path, metavar="INPUT")
        parser.add_argument("output", type=Path, metavar="OUTPUT", help="a file, or a directory that exists")
        parser.add_argument("--force", action="store_true", help="overwrite OUTPUT")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            steps = _steps(options["steps"])
            written = run_on_file(
                options["input"], options["output"], self._request(steps), force=options["force"]
            )
        except SnapOtterError as error:
            raise CommandError(_told(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or options['output']}: {error.strerror}") from None
        for path in written:
            self.stdout.write(f"{path} ({path.stat().st_size} bytes)")

    def _request(self, steps: list[Step]) -> Any:
        def request(file: InputFile, known: SourceImage, limits: Limits, output_dir: Path) -> PipelineRequest:
            require_possible(steps, known, limits)
            for warning in warnings(steps, known, limits):
                self.stderr.write(warning.message)
            asked = tuple(StepRequest(step.tool.path, step.settings.wire()) for step in steps)
            return PipelineRequest(asked, file, output_dir, limits)

        return request


def _steps(path: Path) -> list[Step]:
    definition = parse_definition(path.read_text(errors="replace"))
    return [operators_step(number, step) for number, step in enumerate(definition, start=1)]


def _told(error: SnapOtterError) -> str:
    if not isinstance(error.details, list):
        return message_of(error)
    problems = "; ".join(
        f"{problem['path'] or 'settings'}: {problem['message']}" for problem in error.details
    )
    return f"{error.message}: {problems}"
