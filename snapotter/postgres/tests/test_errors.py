import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from snapotter.postgres import cluster, ownership, server
from snapotter.postgres.base import DatabaseWrapper
from snapotter.postgres.cluster import Cluster
from snapotter.postgres.errors import EmbeddedPostgresError


def failure(home: Path) -> str:
    """The message with which a start fails; a failed start must not leave anything running."""
    share = server.Server(home)
    with pytest.raises(EmbeddedPostgresError) as caught:
        share.ensure_running()
    assert isinstance(caught.value, OperationalError)
    assert Cluster(home.resolve()).postmaster() is None
    share.leave()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def install(programs: Path, name: str, script: str) -> None:
    programs.mkdir(parents=True, exist_ok=True)
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_a_directory_that_cannot_be_made_is_named(home: Path) -> None:
    home.touch()
    assert f"Embedded PostgreSQL in {home / 'sub'}: " in failure(home / "sub")


def test_a_failing_initdb_is_quoted_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = home.with_name("fake") / "bin"
    install(fake, "postgres", "exit 1")
    install(fake, "initdb", "mkdir cluster.new; echo 'could not write: No space left on device' >&2; exit 1")
    monkeypatch.setattr(cluster, "programs", lambda: fake)
    message = failure(home)
    assert str(home) in message
    assert message.endswith("initdb failed: could not write: No space left on device")
    assert sorted(path.name for path in home.iterdir()) == ["start.lock", "users.lock"]


def test_a_failing_start_quotes_the_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cluster.SETTINGS, "shared_buffers", "nonsense")
    message = failure(home)
    assert str(home) in message
    assert 'invalid value for parameter "shared_buffers"' in message


def test_a_missing_data_dir_is_a_mistake_in_the_settings() -> None:
    wrapper = DatabaseWrapper({"NAME": "snapotter", "OPTIONS": {}})
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        wrapper.get_connection_params()


def test_only_a_closed_directory_of_the_owner_is_trusted(tmp_path: Path) -> None:
    closed, open_, link = tmp_path / "closed", tmp_path / "open", tmp_path / "link"
    closed.mkdir(mode=0o700)
    open_.mkdir(mode=0o755)
    link.symlink_to(closed)
    assert ownership.is_private(closed, os.geteuid())
    assert not ownership.is_private(closed, os.geteuid() + 1)
    assert not ownership.is_private(open_, os.geteuid())
    assert not ownership.is_private(link, os.geteuid())
    assert not ownership.is_private(tmp_path / "absent", os.geteuid())


def test_a_trap_in_place_of_the_socket_directory_is_ignored(tmp_path: Path) -> None:
    home, trap = tmp_path / "home", tmp_path / "trap"
    home.mkdir()
    trap.mkdir(mode=0o755)
    (home / "socket").symlink_to(trap)
    assert Cluster(home).socket_directory == home
