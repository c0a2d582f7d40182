"""A stream as the server's own handler carries it: nothing is left when the client goes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator

from accounts.models import User
from conftest import session_of
from processing import events
from processing.progress.open_streams import open_streams
from processing.tests.queued import queued_job
from snapotter.asgi import application

connect: Any = ApplicationCommunicator  # untyped


def scope_of(path: str, token: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"localhost")],
    }


@pytest.mark.parametrize("name", ["mine", None])
def test_a_client_that_goes_leaves_nothing_behind(
    transactional_db: None, alice: User, name: str | None
) -> None:
    scope = scope_of(f"/api/v1/jobs/{name or queued_job(alice).pk}/progress", session_of(alice).id)

    async def come_and_go() -> tuple[bytes, int]:
        client = connect(application, scope)
        await client.send_input({"type": "http.request", "body": b""})
        assert (await client.receive_output(20))["status"] == 200
        first = (await client.receive_output(20))["body"]
        streams = len(open_streams)
        await client.send_input({"type": "http.disconnect"})
        await client.wait(20)
        return first, streams

    first, streams = asyncio.run(come_and_go())
    assert json.loads(first.removeprefix(b"data: "))["type"] == ("single" if name is None else "heartbeat")
    assert (streams, len(open_streams), len(events._hub._handlers)) == (1, 0, 0)
