"""What makes a password acceptable (A4): 12 characters or more, and none that everybody tries first.

Length is counted after NFKC, the form that is hashed, so that the same keys give the same password on every device.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

from contracts.errors import Invalid

LEAST_LENGTH = 12
LEET = str.maketrans("013457@$!|", "oleastasil")
EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


def normal_form(password: str) -> str:
    """The form that is hashed."""
    return unicodedata.normalize("NFKC", password)


@cache
def common_passwords() -> frozenset[str]:
    """The shipped list, in lower case: whole passwords, and the words that people put years and signs behind."""
    lines = files("identity").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_common(password: str) -> bool:
    """Whether `password` is on the list as written, once decoration is taken off, or is a mere pattern."""
    plain = normal_form(password).casefold()
    bare = EDGES.sub("", plain)
    unleet = plain.translate(LEET)
    candidates = {plain, bare, unleet, bare.translate(LEET), EDGES.sub("", unleet), _unit(plain), _unit(bare)}
    return not candidates.isdisjoint(common_passwords()) or _is_pattern(plain)


def ensure_acceptable(password: str, *, login: str, field: str = "password") -> None:
    """:raises Invalid: `password.too_short`, `password.common` or `password.holds_login`."""
    plain = normal_form(password)
    if len(plain) < LEAST_LENGTH:
        raise Invalid.of_field(field, "password.too_short", f"At least {LEAST_LENGTH} characters.", min=LEAST_LENGTH)
    if is_common(plain):
        raise Invalid.of_field(field, "password.common", "It is among the passwords that are tried first.")
    if EDGES.sub("", plain.casefold()) == EDGES.sub("", login) or _unit(plain.casefold()) == login:
        raise Invalid.of_field(field, "password.holds_login", "It is little more than the login.")


def _unit(text: str) -> str:
    """The shortest piece that `text` repeats: `abcabcabc` → `abc`."""
    at = (text + text).find(text, 1) if text else 0
    return text[:at] if 0 < at < len(text) else text


def _is_pattern(plain: str) -> bool:
    if len(set(plain)) < 4:
        return True
    return any(_follows(plain, run) or _follows(plain, run[::-1]) for run in RUNS)


def _follows(plain: str, run: str) -> bool:
    """Whether all of `plain` but a few characters lies along `run`."""
    longest, start = 0, 0
    for end in range(1, len(plain) + 1):
        while plain[start:end] not in run:
            start += 1
        longest = max(longest, end - start)
    return longest >= len(plain) - 3
