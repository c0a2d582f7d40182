"""Who gets in where: every route and method, for every caller, at an own object and at another's.

The routes come from the URL configuration, what they should answer from tests/route_rows.py.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver

from processing.progress.open_streams import open_streams
from tests.route_callers import CALLERS, Cast
from tests.route_objects import address, has_owner
from tests.route_row import Door, Row, Status
from tests.route_rows import ROWS

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_GROUP: Final = re.compile(r"\(\?P<(\w+)>[^)]*\)")


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route as in `path()`; a group of a regular expression is `<name>`."""
    for pattern in resolver.url_patterns:
        route = prefix + _GROUP.sub(r"<\1>", str(pattern.pattern)).strip("^$")
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from _routes(pattern, route)


ROUTES: Final = dict(_routes(get_resolver()))
CALLS: Final = [(method, row) for row in ROWS for method in row.methods.split()]
STATED: Final = Counter((method, row.route) for method, row in CALLS)


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) else f"/{value.route}"


each_call = pytest.mark.parametrize(("method", "row"), CALLS, ids=_name)


def _sent(row: Row) -> dict[str, Any]:
    if row.json is not None:
        return {"data": json.dumps(row.json), "content_type": "application/json"}
    if row.form is not None:
        return {"data": encode_multipart(BOUNDARY, dict(row.form)), "content_type": MULTIPART_CONTENT}
    return {}


def _answered(answer: Any, expected: Status) -> Status:
    """The status, with the code of an error or where it leads if that is expected too."""
    if isinstance(expected, int):
        return int(answer.status_code)
    if answer.has_header("Location"):
        return f"{answer.status_code} {urlsplit(answer['Location']).path}"
    is_error = answer.status_code >= 400 and answer["Content-Type"] == "application/json"
    return f"{answer.status_code} {answer.json()['code']}" if is_error else int(answer.status_code)


@pytest.fixture(autouse=True)
def streams_end() -> Iterator[None]:
    """As when the client of a stream of progress goes."""
    yield
    for stream in open_streams:
        stream.close()


def _undone(request: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The answer to a request that leaves nothing behind."""
    with transaction.atomic():
        answer = request()
        transaction.set_rollback(True)
    return answer


def _whose(cast: Cast, caller: str, row: Row) -> list[str]:
    return ["own", "other"] if has_owner(row.address) and cast.owner(caller) else ["other"]


def _ask(cast: Cast, caller: str, whose: str, method: str, row: Row) -> HttpResponseBase:
    def request() -> HttpResponseBase:
        owner = cast.owner(caller) if whose == "own" else None
        return cast.ask(caller, method, address(row.address, owner or cast.users["other"]), **_sent(row))

    return _undone(request)


@each_call
@pytest.mark.django_db
def test_it_answers_everybody_as_the_row_says(method: str, row: Row) -> None:
    cast = Cast(row.door.needed)
    calls = [(caller, whose) for caller in CALLERS for whose in _whose(cast, caller, row)]
    expected = {f"{caller}, {whose}": row.expected(caller, whose) for caller, whose in calls}
    answered = {
        f"{caller}, {whose}": _answered(_ask(cast, caller, whose, method, row), row.expected(caller, whose))
        for caller, whose in calls
    }
    assert answered == expected


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.django_db
def test_a_method_without_a_row_does_nothing(route: str) -> None:
    """Not even for an admin, so a new handler needs a row. In the admin site other methods are as GET."""
    cast = Cast(frozenset())
    caller, refused = ("powerless", 403) if route.startswith("admin/") else ("admin", 405)
    for method in [method for method in METHODS if (method, route) not in STATED]:
        row = Row(method, route, Door(), refused)
        status = _ask(cast, caller, "other", method, row).status_code
        assert status == refused, f"{_missing(method, route)}: it answered {status}"


def test_every_route_and_method_has_one_row() -> None:
    handled = {
        (method, route)
        for route, pattern in ROUTES.items()
        for method in METHODS
        if hasattr(getattr(pattern.callback, "cls", None), method.lower())
    }
    missing = [_missing(method, route) for method, route in sorted(handled - STATED.keys())]
    missing += [_missing("GET", route) for route in sorted(ROUTES.keys() - {row.route for row in ROWS})]
    assert not missing, "\n".join(missing)
    stale = sorted({row.route for row in ROWS} - ROUTES.keys())
    assert not stale, f"rows in tests/route_rows.py of routes that are gone: {stale}"
    assert max(STATED.values()) == 1, f"more than one row: {STATED.most_common(3)}"


def _missing(method: str, route: str) -> str:
    model = re.match(r"admin/(\w+/\w+)/", route)
    row = f'*model_rows("{model[1]}", …)' if model else f'Row("{method}", "{route}", …)'
    return f"/{route} has no row for {method}: add {row} to tests/route_rows.py"


@pytest.mark.parametrize("row", [row for method, row in CALLS if method == "GET"], ids=_name)
@pytest.mark.django_db
def test_head_is_as_get(row: Row) -> None:
    cast = Cast(row.door.needed)
    for caller in ("powerless", "anonymous"):
        get, head = (_ask(cast, caller, "other", method, row).status_code for method in ("GET", "HEAD"))
        assert get == head


@pytest.mark.parametrize(("method", "row"), [call for call in CALLS if call[0] != "GET"], ids=_name)
@pytest.mark.django_db
def test_another_site_cannot_use_the_cookie(method: str, row: Row) -> None:
    cast = Cast(row.door.needed)
    path = address(row.address, cast.users["other"])
    answer: Any = _undone(lambda: cast.ask_from_elsewhere("admin", method, path, **_sent(row)))
    if row.route == "api/auth/login":  # reads no cookie, and no form of another site can send it JSON
        assert _answered(answer, row.status) == row.status
    elif row.route.startswith("api/"):
        assert _answered(answer, "") == "403 CSRF_FAILED"
    else:
        assert answer.status_code == 403
        assert b"This form has expired" in answer.content
