from __future__ import annotations

import pytest

from accounts.forms import ChangePasswordForm
from accounts.passwords import check_strength
from snapotter.common.errors import ValidationFailed
from snapotter.runtime.services import change


@pytest.mark.parametrize("password", ["Otter-9s", "Ötter-swims-٣", "A1" + "b" * 1022])
def test_it_takes_a_strong_password(password: str) -> None:
    check_strength(password)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("Otter-9", ["minLength"]),
        ("otter-9-swims", ["uppercase"]),
        ("OTTER-9-SWIMS", ["lowercase"]),
        ("Otter-swims", ["digit"]),
        ("Otter-9-swims\0", ["control"]),
        ("Otter-9-swims\ud800", ["control"]),
        ("A1" + "b" * 1023, ["maxLength"]),
        ("", ["minLength", "uppercase", "lowercase", "digit"]),
    ],
)
def test_it_names_every_broken_rule(password: str, rules: list[str]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        check_strength(password)
    assert caught.value.extra["rule"] == rules[0]
    assert caught.value.extra["rules"] == rules
    assert caught.value.extra.get("minLength") == (8 if "minLength" in rules else None)


def test_the_rules_are_settings(db: None) -> None:
    change(
        {
            "passwordMinLength": "12",
            "passwordRequireUppercase": "false",
            "passwordRequireDigit": "false",
            "passwordRequireSpecial": "true",
        }
    )
    check_strength("otter swims far")
    with pytest.raises(ValidationFailed) as caught:
        check_strength("otters")
    assert caught.value.extra == {"rule": "minLength", "rules": ["minLength", "special"], "minLength": 12}


def test_no_setting_allows_a_short_one(db: None) -> None:
    with pytest.raises(ValidationFailed):
        change({"passwordMinLength": "7"})


def test_the_page_asks_for_the_length_that_is_set(db: None) -> None:
    change({"passwordMinLength": "12"})
    assert 'minlength="12"' in str(ChangePasswordForm()["new_password"])
