"""Progress as a client of a real server with two web processes sees it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
import pytest

from snapotter.tests.listening import CUT_OFF, LISTENING
from snapotter.tests.waiting import eventually
from tests.conftest import sign_in, temporary_data_dir
from tests.running import ADMIN_PASSWORD, STOP_SECONDS, RunningServer
from tests.streams import following, open_socket
from tests.test_crashes import picture
from tests.test_headers import ALWAYS

pytestmark = pytest.mark.system

ENVIRONMENT = {
    "DEFAULT_PASSWORD": ADMIN_PASSWORD,
    "SKIP_MUST_CHANGE_PASSWORD": "true",
    "LOGIN_ATTEMPT_LIMIT": "0",
    "RATE_LIMIT_PER_MIN": "0",
    "WEB_WORKERS": "2",
    "PROGRESS_HEARTBEAT_S": "0.5",
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """Nobody carries its queue: a job that is not waited for waits as long as a test wants."""
    with temporary_data_dir() as path:
        running = RunningServer(path, WORKERS="0", **ENVIRONMENT)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def token(server: RunningServer) -> str:
    return sign_in(server)


def post(server: RunningServer, token: str, *, name: str = "", prefer: str = "respond-async") -> str:
    """Ask for a picture made smaller; the job's id."""
    answer = httpx.post(
        f"{server.url}/api/v1/tools/image/resize",
        headers={"Authorization": f"Bearer {token}", "Prefer": prefer},
        files={"file": ("a.jpg", picture(600, 400))},
        data={"settings": '{"width": 300}', "clientJobId": name},
        timeout=60,
    )
    assert answer.is_success, answer.text
    body = answer.json()
    return str(body.get("artifactJobId", body["jobId"]))


def add_user(server: RunningServer, token: str, username: str) -> str:
    """A session of somebody else."""
    answer = httpx.post(
        f"{server.url}/api/auth/register",
        headers={"Authorization": f"Bearer {token}"},
        json={"username": username, "password": ADMIN_PASSWORD, "role": "user"},
    )
    assert answer.is_success, answer.text
    return sign_in(server, username)


def test_a_job_is_followed_from_before_it_is_posted_to_its_result(server: RunningServer, token: str) -> None:
    """By several, so that each web process has some of them and hears of a job that another accepted."""
    with (
        following(server, token, "mine") as first,
        following(server, token, "mine") as second,
        following(server, token, "mine") as third,
    ):
        job_id = post(server, token, name="mine", prefer="wait")
    for stream in (first, second, third):
        assert [frame["phase"] for frame in stream.frames[-1:]] == ["complete"]
        assert {frame["jobId"] for frame in stream.frames} == {"mine"}
    assert first.last["result"]["jobId"] == job_id
    assert httpx.get(server.url + first.last["result"]["downloadUrl"]).status_code == 200

    with following(server, token, job_id) as late:
        pass
    assert [frame["phase"] for frame in late.frames] == ["complete"]


@pytest.mark.parametrize("name", ["2026/11/24", "//a/../b/", "100 % ä🦦", "a%2Fb", "c?d=e#f;g"])
def test_whatever_the_client_calls_it(server: RunningServer, token: str, name: str) -> None:
    address = quote(name, safe="")
    with following(server, token, address) as stream:
        job_id = post(server, token, name=name, prefer="wait")
    assert (stream.last["phase"], stream.last["jobId"]) == ("complete", name)
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get(f"{server.url}/api/v1/jobs/{address}").json()["id"] == job_id
        assert client.post(f"{server.url}/api/v1/jobs/{address}/cancel").json() == {"canceled": False}


def test_its_headers_keep_it_flowing_and_safe(server: RunningServer, token: str) -> None:
    with following(server, token, post(server, token, prefer="wait")) as stream:
        pass
    assert {name: stream.headers[name] for name in ALWAYS} == ALWAYS
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert (stream.headers["Cache-Control"], stream.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    assert stream.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Encoding" not in stream.headers


def test_nobody_follows_what_is_somebody_elses(server: RunningServer, token: str) -> None:
    other = add_user(server, token, "stranger")
    job_id = post(server, token, name="hers")
    with httpx.Client(headers={"Authorization": f"Bearer {other}"}) as client:
        assert client.get(f"{server.url}/api/v1/jobs/{job_id}/progress").status_code == 404
    with following(server, other, "hers") as stranger:
        assert server.sql("UPDATE jobs SET progress = 0.5 WHERE id = %s", job_id) == 1
        beats = stranger.beats
        eventually(lambda: stranger.beats > beats + 1, "the stream goes on")
        assert server.sql("DELETE FROM sessions WHERE id = %s", other) == 1
    assert stranger.frames == []


def test_a_listener_that_is_cut_off_loses_nothing(server: RunningServer, token: str) -> None:
    job_id = post(server, token)
    with following(server, token, job_id) as stream:
        eventually(lambda: server.sql(*LISTENING) == 2, "both web processes listen")
        assert server.sql(*CUT_OFF) == 2
        server.sql("UPDATE jobs SET progress = 0.5, status = 'processing' WHERE id = %s", job_id)
        eventually(lambda: stream.last["percent"] == 50, "the gap was read over")
        eventually(lambda: server.sql(*LISTENING) == 2, "both listen again")
        server.sql("UPDATE jobs SET progress = 0.7 WHERE id = %s", job_id)
        eventually(lambda: stream.last["percent"] == 70, "it is heard again")
        server.sql(
            "UPDATE jobs SET status = 'canceled', error = 'Canceled', error_code = 'canceled' WHERE id = %s",
            job_id,
        )
    assert (stream.last["phase"], stream.last["error"]) == ("failed", "Canceled")


@pytest.mark.parametrize(
    ("username", "statement"),
    [
        ("visitor", "DELETE FROM sessions WHERE id = %s"),
        (
            "leaver",
            "UPDATE users SET is_active = false WHERE id = (SELECT user_id FROM sessions WHERE id = %s)",
        ),
    ],
)
def test_it_ends_with_the_session(server: RunningServer, token: str, username: str, statement: str) -> None:
    other = add_user(server, token, username)
    with following(server, other, "mine") as stream:
        eventually(lambda: stream.beats > 1, "it goes on")
        assert server.sql(statement, other) == 1


def test_clients_that_go_leave_nothing_behind(server: RunningServer, token: str) -> None:
    before = descriptors(server)
    for _ in range(2):
        connections = [open_socket(server, token, f"never-{number}") for number in range(100)]
        assert descriptors(server) >= before + 100
        for connection in connections:
            connection.close()
        eventually(lambda: descriptors(server) <= before + 8, "every connection is closed")
    with closing(open_socket(server, token, "one-more")):
        pass


def test_a_restart_ends_streams_and_who_comes_again_is_told(data_dir: Path) -> None:
    stopping = RunningServer(data_dir, WORKERS="0", **ENVIRONMENT)
    stopping.start()
    token = sign_in(stopping)
    assert stopping.process is not None
    with (
        following(stopping, token, "none"),
        following(stopping, token, post(stopping, token, name="mine")) as waiting,
    ):
        stopping.process.send_signal(signal.SIGTERM)
    stopping.process.wait(STOP_SECONDS)
    assert waiting.last["phase"] == "processing"

    server = RunningServer(data_dir, **ENVIRONMENT)
    server.start()
    try:
        with following(server, token, "mine") as again:
            pass
    finally:
        server.stop()
    assert again.last["phase"] == "complete"


def descriptors(server: RunningServer) -> int:
    """Of all processes of the server, without the database."""
    assert server.process is not None
    main = psutil.Process(server.process.pid)
    ours = set(main.children(recursive=True)) - set(server.postgres())
    return sum(process.num_fds() for process in (main, *ours))
