"""The examples in the README and in the guide to jobs do what they say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from tests.conftest import sign_in
from tests.running import ADMIN_PASSWORD, ROOT, RunningServer

pytestmark = pytest.mark.system


def examples(heading: str) -> str:
    """The shell blocks of one section, as one script."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return shell_blocks(text.split(f"\n## {heading}\n")[1].split("\n## ")[0])


def shell_blocks(text: str) -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))


def run(script: str, directory: Path) -> str:
    if shutil.which("curl") is None:
        pytest.fail("the examples use curl: install it")
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(directory / "photo.jpg")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_examples_run_as_they_stand(server: RunningServer, tmp_path: Path) -> None:
    script = examples("Use it from a script")
    assert script.count("curl") == 5
    script = script.replace("http://127.0.0.1:1349", server.url).replace("Your-own-1", ADMIN_PASSWORD)
    assert '"downloadUrl"' in run(script, tmp_path)
    with Image.open(tmp_path / "photo.webp") as converted:
        assert (converted.format, converted.size) == ("WEBP", (1600, 1000))


def test_the_command_line_examples_run_as_they_stand(tmp_path: Path) -> None:
    script = examples("Use it on the command line")
    script = script.replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    output = run(f"export DATA_DIR={tmp_path / 'data'}\n{script}", tmp_path)
    with Image.open(tmp_path / "small.jpg") as small:
        assert small.size == (1200, 750)
    assert (tmp_path / "mail.jpg").stat().st_size <= 400 * 1024
    assert "TOOL" in output


def test_the_guide_to_jobs_runs_as_it_stands(server: RunningServer, tmp_path: Path) -> None:
    script = shell_blocks((ROOT / "docs" / "jobs.md").read_text(encoding="utf-8"))
    script = script.replace("http://127.0.0.1:1349", server.url)
    output = run(f"KEY={sign_in(server)}\n{script}", tmp_path).splitlines()
    with Image.open(tmp_path / "small.jpg") as small:
        assert small.size == (1600, 1000)
    with ZipFile(tmp_path / "batch.zip") as archive:
        assert archive.namelist() == ["photo_resize.jpg", "other_resize.jpg"]
    name, last_event, canceled, *files, entries, retried, total = output
    assert name.startswith("nightly-")
    assert '"phase":"complete"' in last_event
    assert [line.split()[1:3] for line in files] == [
        ["photo.jpg", "completed"],
        ["damaged.jpg", "failed"],
        ["other.jpg", "completed"],
    ]
    assert entries == '{"0":"photo_resize.jpg","2":"other_resize.jpg"}'
    assert (canceled, retried, int(total) > 0) == ("False", "failed", True)
