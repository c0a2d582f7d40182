from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from snapotter import env


def test_a_boolean_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, value in {"true": True, "False": False, "1": True, "off": False}.items():
        monkeypatch.setenv("SWITCH", text)
        assert env.boolean("SWITCH", not value) is value


@pytest.mark.parametrize("typo", ["ture", "2", "nein", "truefalse"])
def test_a_typo_in_a_boolean_stops_the_start(monkeypatch: pytest.MonkeyPatch, typo: str) -> None:
    monkeypatch.setenv("SWITCH", typo)
    with pytest.raises(ImproperlyConfigured, match=f"SWITCH must be true or false, not '{typo}'"):
        env.boolean("SWITCH", True)


@pytest.mark.parametrize("typo", ["12O", "1.5", "0x10", "ten"])
def test_a_typo_in_an_integer_stops_the_start(monkeypatch: pytest.MonkeyPatch, typo: str) -> None:
    monkeypatch.setenv("COUNT", typo)
    with pytest.raises(ImproperlyConfigured, match="COUNT must be a whole number"):
        env.integer("COUNT", 1)


@pytest.mark.parametrize("value", ["0", "65536", "-1"])
def test_an_integer_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match="PORT must be between 1 and 65535"):
        env.integer("PORT", 1349, low=1, high=65535)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e400"])
def test_a_number_must_be_a_real_one(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOURS", value)
    with pytest.raises(ImproperlyConfigured, match="HOURS"):
        env.number("HOURS", 72)


def test_an_empty_value_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNT", "  ")
    assert env.integer("COUNT", 7) == 7


def test_a_choice_names_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_THEME", "dim")
    with pytest.raises(ImproperlyConfigured, match="one of light, dark, not 'dim'"):
        env.choice("DEFAULT_THEME", "light", ["light", "dark"])


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" with blanks \n")
    monkeypatch.setenv("DEFAULT_PASSWORD_FILE", str(tmp_path / "password"))
    assert env.secret("DEFAULT_PASSWORD") == " with blanks "


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEFAULT_PASSWORD", "one")
    monkeypatch.setenv("DEFAULT_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(ImproperlyConfigured, match="both set"):
        env.secret("DEFAULT_PASSWORD")


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEFAULT_PASSWORD_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="absent"):
        env.secret("DEFAULT_PASSWORD")


def test_a_database_url_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://otter:p%40ss@db:5433/pictures")
    config = env.database("DATABASE_URL")
    assert config is not None
    assert (config["USER"], config["PASSWORD"], config["HOST"]) == ("otter", "p@ss", "db")
    assert (config["PORT"], config["NAME"]) == (5433, "pictures")


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgres://user@host", "nonsense"])
def test_any_other_database_url_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        env.database("DATABASE_URL")


def test_origins_are_a_list_in_the_form_browsers_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORIGINS", " https://App.example.org , http://localhost:5173,http://[::1]:80,")
    assert env.origins("ORIGINS") == ["https://app.example.org", "http://localhost:5173", "http://[::1]:80"]
    monkeypatch.setenv("ORIGINS", "*")
    assert env.origins("ORIGINS") == ["*"]
    monkeypatch.delenv("ORIGINS")
    assert env.origins("ORIGINS") == []


@pytest.mark.parametrize(
    "value",
    [
        "app.example.org",
        "https://",
        "https://app.example.org/",
        "https://app.example.org/path",
        "https://user@app.example.org",
        "https://*.example.org",
        "https://app.example.org:",
        "ftp://app.example.org",
        "null",
        "https://a b",
        "https://good.example, bad",
    ],
)
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ORIGINS", value)
    with pytest.raises(ImproperlyConfigured, match="ORIGINS must be origins like"):
        env.origins("ORIGINS")
