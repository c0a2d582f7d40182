"""`manage.py tool <id> INPUT OUTPUT --flags`: run a tool on a file. Needs neither database nor server."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from processing.adapters.command import add_flags
from processing.engine.checks import check
from processing.engine.request import InputFile, Limits, RunRequest
from processing.management.running import run_on_file
from processing.registry import all_tools
from processing.results import message_of
from processing.tooling import SourceImage, Tool
from snapotter.common.errors import SnapOtterError


class Command(BaseCommand):
    help = "Run a tool on a file: tool <id> INPUT OUTPUT [--settings]. OUTPUT may be a directory."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        # a plain parser each: Django's own would print its options again under every tool
        tools = parser.add_subparsers(
            dest="tool", metavar="TOOL", required=True, parser_class=argparse.ArgumentParser
        )
        for tool in all_tools():
            sub = tools.add_parser(tool.id, help=tool.summary, description=tool.summary)
            sub.add_argument("input", type=Path, metavar="INPUT")
            sub.add_argument("output", type=Path, metavar="OUTPUT", help="a file, or a directory that exists")
            sub.add_argument("--force", action="store_true", help="overwrite OUTPUT")
            add_flags(sub, tool)
            sub.set_defaults(declared=tool)

    def handle(self, *args: Any, **options: Any) -> None:
        tool: Tool[Any] = options["declared"]
        names = {field.alias or name for name, field in tool.settings_model.model_fields.items()}
        values = {name: value for name, value in options.items() if name in names}
        try:
            written = run(tool, options["input"], options["output"], values, force=options["force"])
        except SnapOtterError as error:
            raise CommandError(message_of(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or options['output']}: {error.strerror}") from None
        for path in written:
            self.stdout.write(f"{path} ({path.stat().st_size} bytes)")


def run(tool: Tool[Any], source: Path, target: Path, values: dict[str, Any], *, force: bool) -> list[Path]:
    """Raises SnapOtterError, OSError."""
    settings = tool.settings_model.parse(values)

    def request(file: InputFile, known: SourceImage, limits: Limits, output_dir: Path) -> RunRequest:
        check(tool, settings, known, limits)
        return RunRequest(tool.path, settings.wire(), (file,), output_dir, limits)

    return run_on_file(source, target, request, force=force)
