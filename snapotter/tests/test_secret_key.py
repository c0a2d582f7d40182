import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from snapotter.secret_key import NAME, load_or_create


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "data")
    assert len(first) > 50
    assert load_or_create(tmp_path / "data") == first


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_starts_at_the_same_moment_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as executor:
        keys = set(executor.map(lambda _: load_or_create(tmp_path), range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_an_emptied_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("")
    with pytest.raises(ImproperlyConfigured, match="holds no secret key"):
        load_or_create(tmp_path)


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        load_or_create(tmp_path / "file" / "data")
