"""`manage.py openapi`: write docs/openapi.yaml, or check that it is what the code says."""

from __future__ import annotations

import difflib
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

# drf-spectacular is untyped
generator: Any = SchemaGenerator
validate: Any = validate_schema
renderer: Any = OpenApiYamlRenderer
PATH = settings.BASE_DIR / "docs" / "openapi.yaml"


def document() -> str:
    """The OpenAPI 3.1 document as YAML. Raises on an invalid one."""
    schema = generator().get_schema(request=None, public=True)
    validate(schema)
    rendered: bytes = renderer().render(schema, renderer_context={})
    return rendered.decode()


class Command(BaseCommand):
    help = "Write docs/openapi.yaml, or with --check fail when it differs from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare only")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        wanted = document()
        if not check:
            PATH.write_text(wanted, encoding="utf-8")
            return
        found = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
        if found != wanted:
            diff = difflib.unified_diff(
                found.splitlines(), wanted.splitlines(), str(PATH.name), "the code", lineterm="", n=2
            )
            raise CommandError("docs/openapi.yaml is out of date; run `make openapi`\n" + "\n".join(diff))
