"""A wrong environment stops the start with one clear line, not with a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("AUTH_ENABLED", "ture", "snapotter: AUTH_ENABLED must be true or false, not 'ture'"),
        ("PORT", "80a", "snapotter: PORT must be a whole number, not '80a'"),
        ("STORAGE_MODE", "s4", "snapotter: STORAGE_MODE must be one of local, not 's4'"),
    ],
)
def test_a_typo_is_one_line(tmp_path: Path, name: str, value: str, line: str) -> None:
    done = start(tmp_path, **{name: value})
    assert done.returncode == 1
    assert done.stderr.strip() == line


def test_open_doors_are_said_aloud(tmp_path: Path) -> None:
    done = start(tmp_path, AUTH_ENABLED="false")
    assert done.returncode == 0
    assert "snapotter.W001" in done.stderr
