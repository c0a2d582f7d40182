from __future__ import annotations

import hashlib
import time

import pytest
from django.contrib.auth.hashers import make_password

from accounts.hashers import hash_key, verify_key, verify_password

# "Adminpass1", as a 1.16 server stored it
LEGACY = (
    "d45e2ba29acc95b1fc9ca16fc75908c51f43b0d85a60b140ae133e1e24418c7a:"
    "4e2dec9443e8b9a4ad65c82407d9ea5a49a217b389881de5d2787f40d7a8dabc"
    "28f318311be695b9710635ba1a3ba33c92325657f0874ec2afd485af428997a5"
)
LEGACY_SALT = "ab" * 32


def legacy(password: str) -> str:
    key = hashlib.scrypt(password.encode(), salt=LEGACY_SALT.encode(), n=16384, r=8, p=1, dklen=64)
    return f"{LEGACY_SALT}:{key.hex()}"


def test_a_new_hash_is_scrypt_with_the_work_factor_of_owasp() -> None:
    algorithm, n, _salt, r, p, _hash = make_password("Otter-9-swims").split("$")
    assert (algorithm, n, r, p) == ("scrypt", "16384", "8", "5")


def test_a_hash_verifies_its_own_password_only() -> None:
    encoded = make_password("Otter-9-swims")
    assert verify_password("Otter-9-swims", encoded) == (True, False)
    assert verify_password("otter-9-swims", encoded) == (False, False)


def test_the_same_password_in_another_unicode_form_is_the_same() -> None:
    assert verify_password("Cafe\u0301-9", make_password("Café-9")) == (True, False)


def test_a_hash_of_1x_verifies_and_asks_to_be_replaced() -> None:
    assert verify_password("Adminpass1", LEGACY) == (True, True)
    assert verify_password("adminpass1", LEGACY)[0] is False


def test_1x_did_not_normalise() -> None:
    assert verify_password("Cafe\u0301-9", legacy("Cafe\u0301-9"))[0] is True


@pytest.mark.parametrize("encoded", ["", "!", "rubbish", LEGACY_SALT + ":", "md5$a$b", None])
def test_what_is_no_hash_verifies_nothing(encoded: str | None) -> None:
    assert verify_password("", encoded)[0] is False


def test_wrong_answers_take_the_same_time() -> None:
    """Within a factor that no difference in work (4 rounds of 5, or all of them) would stay in."""

    def seconds(encoded: str | None) -> float:
        start = time.process_time()
        verify_password("wrong", encoded)
        return time.process_time() - start

    cases = (make_password("x"), legacy("x"), None)
    times = [min(seconds(encoded) for _ in range(3)) for encoded in cases]
    assert max(times) < 1.5 * min(times)


def test_a_key_hash_takes_one_round_and_verifies_its_own_key_only() -> None:
    encoded = hash_key("si_" + "a" * 96)
    assert encoded.split("$")[4] == "1"
    assert verify_key("si_" + "a" * 96, encoded)
    assert not verify_key("si_" + "b" * 96, encoded)


def test_a_key_hash_of_1x_verifies() -> None:
    assert verify_key("si_x", legacy("si_x"))
    assert not verify_key("si_y", legacy("si_x"))
