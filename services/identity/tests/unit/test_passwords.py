from __future__ import annotations

import pytest

from contracts.errors import Invalid
from identity.domain.passwords import common_passwords, ensure_acceptable, is_common
from identity.hashing import Passwords


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password2026!",
        "P@ssw0rd2026",
        "p4ssw0rd!!!!",
        "Haslo1234567",
        "KochamCie123!",
        "123456789012",
        "qwertyuiop[]",
        "qwertyuiopas",
        "aaaaaaaaaaaa",
        "abababababab",
        "passwordpassword",
        "1qaz2wsx3edc",
        "zaq12wsxcde3",
        "administrator",
        "Polska2026!!",
        "jeszczepolskaniezginela",
    ],
)
def test_a_password_that_everybody_tries_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "trzy zielone parasole",
        "correct horse battery staple",
        "Wiosło-7-kaloryfer",
        "xK9#mQ2$vL5!",
        "żółta łódź podwodna",
    ],
)
def test_a_password_of_ones_own_is_not(password: str) -> None:
    assert not is_common(password)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("krótkie", "password.too_short"),
        ("11 znaków!!", "password.too_short"),
        ("qwerty123456", "password.common"),
        ("rozalia12345678", "password.holds_login"),
        ("rozaliarozalia", "password.holds_login"),
    ],
)
def test_a_refused_password_says_why(password: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        ensure_acceptable(password, login="rozalia")

    assert refused.value.errors[0]["code"] == code


def test_the_shipped_list_is_read_and_long() -> None:
    assert len(common_passwords()) > 3000


def test_a_hash_is_argon2id_and_verifies_only_its_password() -> None:
    passwords = Passwords(memory_kib=64, rounds=1)
    stored = passwords.hash("trzy zielone parasole")

    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "trzy zielone parasole")
    assert not passwords.verify(stored, "trzy zielone parasolki")
    assert not passwords.verify(None, "nobody's password")


def test_the_same_keys_on_another_device_are_the_same_password() -> None:
    passwords = Passwords(memory_kib=64, rounds=1)

    assert passwords.verify(passwords.hash("z\u0307o\u0301łta łódź z żaglem"), "żółta łódź z żaglem")
