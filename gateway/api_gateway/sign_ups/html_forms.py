"""Plain HTML forms: names and values as a browser posts them, turned into the answers that JSON would hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.errors import Invalid

MEDIA_TYPE = "application/x-www-form-urlencoded"
# No key of a contact's field starts with an underscore.
CONSENT, VERSION, LANGUAGE, TRAP = "_consent", "_consent_version", "_language", "_website"
_TICKED = frozenset({"true", "on", "1", "yes", "tak"})


def answers_of(typed: Mapping[str, str], described: Mapping[str, Any]) -> dict[str, Any]:
    """`contracts.contacts.sign_ups.FormAnswers`, without what the form does not ask (buttons, a shop's own fields)."""
    asked = [field["key"] for field in described["fields"]]
    sent: dict[str, Any] = {
        "fields": {key: typed[key] for key in asked if typed.get(key, "").strip()},
        "consent": typed.get(CONSENT, "").strip().lower() in _TICKED,
        "website": typed.get(TRAP, "")[:500],
    }
    if version := typed.get(VERSION, "").strip():
        is_number = version.isascii() and version.isdigit() and len(version) < 10
        sent["consent_version"] = int(version) if is_number else 0
    if typed.get(LANGUAGE) in described["consent_texts"]:
        sent["language"] = typed[LANGUAGE]
    return sent


def mistakes(error: Invalid) -> dict[str, str]:
    """Code by the field's name in the HTML form."""
    return {
        CONSENT if one["field"].startswith("consent") else one["field"].removeprefix("fields."): one["code"]
        for one in error.errors
    }
