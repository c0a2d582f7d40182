import os
import pwd
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from snapotter.postgres.cluster import PING_SECONDS, SOCKET_PATH_BYTES, Cluster
from snapotter.postgres.ownership import SYSTEM_USER

from .conftest import Member

Join = Callable[..., Member]

pytestmark = pytest.mark.system


def runs(home: Path) -> bool:
    return Cluster(home.resolve()).postmaster() is not None


def kill_postmaster(home: Path) -> None:
    pid = Cluster(home.resolve()).postmaster()
    assert pid is not None
    process = psutil.Process(pid)
    family = [process, *process.children()]  # the sessions notice on their own and end a moment later
    process.kill()
    psutil.wait_procs(family, timeout=60)


def test_the_first_connection_starts_it_and_a_normal_exit_stops_it(home: Path, join: Join) -> None:
    member = join()
    assert member.ask("use") == "snapotter"
    assert runs(home)
    member.leave()
    assert not runs(home)
    again = join()
    assert again.ask("use") == "snapotter"
    again.leave()
    assert not runs(home)


def test_nobody_else_gets_in_and_commits_are_durable(home: Path, join: Join) -> None:
    home.mkdir(mode=0o755)
    member = join()
    assert member.ask("show listen_addresses") == "listen_addresses="
    assert home.stat().st_mode & 0o777 == 0o700
    assert member.ask("show is_superuser") == "is_superuser=off"
    assert member.ask("show fsync") == "fsync=on"
    assert member.ask("show synchronous_commit") == "synchronous_commit=on"


def test_the_last_one_out_stops_it(home: Path, join: Join) -> None:
    first, second = join(), join()
    assert [first.ask("use"), second.ask("use")] == ["snapotter", "snapotter"]
    first.leave()
    assert runs(home)
    assert second.ask("use") == "snapotter"
    second.leave()
    assert not runs(home)


def test_a_killed_user_does_not_count_any_more(home: Path, join: Join) -> None:
    killed, last = join(), join()
    assert [killed.ask("use"), last.ask("use")] == ["snapotter", "snapotter"]
    killed.die()
    assert runs(home)
    last.leave()
    assert not runs(home)


def test_a_server_whose_users_were_all_killed_is_taken_over_and_stopped(home: Path, join: Join) -> None:
    killed = join()
    assert killed.ask("use") == "snapotter"
    killed.die()
    before = Cluster(home.resolve()).postmaster()
    heir = join()
    assert heir.ask("use") == "snapotter"
    assert Cluster(home.resolve()).postmaster() == before
    heir.leave()
    assert not runs(home)


def test_four_processes_may_start_it_at_the_same_time(home: Path, join: Join) -> None:
    members = [join() for _ in range(4)]
    for member in members:
        member.send("use")
    assert [member.receive() for member in members] == ["snapotter"] * 4
    assert (home / "server.log").read_text().count("starting PostgreSQL") == 1
    for member in members:
        member.leave()
    assert not runs(home)


@pytest.mark.parametrize("pool", [(), ("pool",)], ids=["plain", "pool"])
def test_it_is_started_again_after_its_death(home: Path, join: Join, pool: tuple[str, ...]) -> None:
    first, second = join(*pool), join(*pool)
    assert [first.ask("use"), second.ask("use")] == ["snapotter", "snapotter"]
    kill_postmaster(home)
    assert [first.ask("use"), second.ask("use")] == ["snapotter", "snapotter"]
    first.leave()
    assert runs(home)
    second.leave()
    assert not runs(home)


def test_who_asks_a_server_that_is_stopped_waits_and_lets_other_threads_work(home: Path, join: Join) -> None:
    join().ask("use")
    cluster = Cluster(home.resolve())
    pid = cluster.postmaster()
    assert pid is not None
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(cluster.answers()))
    os.kill(pid, signal.SIGSTOP)
    try:
        asking.start()
        asking.join(3 * PING_SECONDS)  # only returns in time when this thread gets to run in between
        assert asking.is_alive()
    finally:
        os.kill(pid, signal.SIGCONT)
    asking.join(60)
    assert answers == [True]


def test_ctrl_c_in_the_terminal_reaches_python_which_stops_it(home: Path, join: Join) -> None:
    member = join()
    assert member.ask("use") == "snapotter"
    os.killpg(member.process.pid, signal.SIGINT)
    assert member.process.wait(timeout=60) == -signal.SIGINT
    assert not runs(home)
    assert "received fast shutdown request" in (home / "server.log").read_text()


def test_a_path_too_long_for_a_socket_works(home: Path, join: Join) -> None:
    long = home.parent / ("long " * 20).strip() / "postgres"
    assert len(bytes(long)) > SOCKET_PATH_BYTES
    member = join("pool", home=long)
    assert member.ask("use") == "snapotter"
    elsewhere = Cluster(long.resolve()).socket_directory
    assert elsewhere.stat().st_mode & 0o777 == 0o700
    kill_postmaster(long)
    assert member.ask("use") == "snapotter"
    assert Cluster(long.resolve()).socket_directory == elsewhere
    member.leave()
    assert not runs(long)
    assert not elsewhere.exists()


def test_a_forked_child_that_exits_does_not_stop_it(home: Path, join: Join) -> None:
    parent = join()
    assert parent.ask("use") == "snapotter"
    before = Cluster(home.resolve()).postmaster()
    assert parent.ask("fork_and_exit") == "the child is gone"
    assert Cluster(home.resolve()).postmaster() == before
    parent.leave()
    assert not runs(home)


def test_a_forked_child_that_lingers_does_not_keep_it(home: Path, join: Join) -> None:
    parent = join()
    assert parent.ask("use") == "snapotter"
    child = psutil.Process(int(parent.ask("fork_and_linger")))
    try:
        parent.leave()
        assert child.is_running()
        assert not runs(home)
    finally:
        child.kill()


def test_a_forked_child_that_uses_it_is_a_user_of_its_own(home: Path, join: Join) -> None:
    parent = join("pool")
    assert parent.ask("use") == "snapotter"
    child = psutil.Process(int(parent.ask("fork_and_serve")))
    assert parent.ask("use") == "snapotter"
    parent.die()
    assert runs(home)
    assert parent.process.stdin
    parent.process.stdin.close()  # the child leaves normally
    psutil.wait_procs([child], timeout=60)
    assert not runs(home)


@pytest.mark.parametrize("user", ["root", "nobody"] if os.geteuid() == 0 else ["ourselves"])
def test_root_and_a_normal_user_have_servers_side_by_side(home: Path, join: Join, user: str) -> None:
    member = join()
    assert member.ask("use") == "snapotter"
    other, runner = home.with_name("other") / "postgres", os.geteuid()
    other.parent.mkdir()
    if user == "nobody":
        runner = pwd.getpwnam("nobody").pw_uid
        os.chown(other.parent, runner, -1)
        assert member.ask(f"fork_as {runner} {other}").isdigit()
        second = member
    else:
        second = join(home=other)
    if user == "root":
        runner = pwd.getpwnam(SYSTEM_USER).pw_uid
    assert second.ask("use") == "snapotter"
    postmaster = Cluster(other.resolve()).postmaster()
    assert psutil.Process(postmaster).uids().effective == runner
    assert runs(home)
    second.leave()
    assert not runs(other)


@pytest.mark.parametrize("content", ["", "{pid}\n", "{pid}\n{data}\n"], ids=["empty", "half", "reused"])
def test_a_stale_pid_file_does_not_hinder_the_start(home: Path, join: Join, content: str) -> None:
    member = join()
    assert member.ask("use") == "snapotter"
    member.leave()
    owner = home.stat().st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "600"], user=owner) as innocent:
        pid_file = home / "cluster" / "postmaster.pid"
        pid_file.write_text(content.format(pid=innocent.pid, data=home / "cluster"))
        again = join()
        answer = again.ask("use")
        again.leave()
        spared = innocent.poll() is None
        innocent.kill()
    assert answer == "snapotter"
    assert spared


def test_half_a_cluster_left_by_a_killed_initdb_is_replaced(home: Path, join: Join) -> None:
    unfinished = home / "cluster.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    assert join().ask("use") == "snapotter"
    assert not unfinished.exists()


def test_a_deleted_socket_is_replaced(home: Path, join: Join) -> None:
    killed = join()
    assert killed.ask("use") == "snapotter"
    killed.die()
    (home / ".s.PGSQL.5432").unlink()
    member = join()
    assert member.ask("use") == "snapotter"
    member.leave()
    assert not runs(home)


def test_pytest_gets_its_test_database_and_dbshell_its_psql(join: Join) -> None:
    member = join()
    assert member.ask("create_test_database") == "test_snapotter test_snapotter"
    assert member.ask("shell") == "shell snapotter"
