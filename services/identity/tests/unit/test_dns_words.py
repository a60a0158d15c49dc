"""What a sender domain lacks, as it stands in a mail that is handed on."""

from __future__ import annotations

from typing import Any

import pytest

from identity.domain.dns_words import in_words

RECORD = {"type": "TXT", "name": "bounces.sklep.example", "value": "v=spf1 a:mail.wici.example -all"}


def said(problem: str, *seen: str, language: str = "en") -> str:
    record: dict[str, Any] = {**RECORD, "problem": problem, "seen": list(seen)}
    return in_words([record], language)


def test_a_record_is_told_as_forms_ask_for_it() -> None:
    assert said("record.missing") == (
        "Record: TXT\nName: bounces.sklep.example\nValue: v=spf1 a:mail.wici.example -all\nNow: there is none."
    )
    assert said("record.missing", language="pl").startswith("Wpis: TXT\nNazwa: bounces.sklep.example\nWartość: v=spf1")


@pytest.mark.parametrize(
    ("problem", "seen", "last"),
    [
        ("record.different", ("v=spf1 mx -all",), "Now there is something else:\n  v=spf1 mx -all"),
        ("record.several", ("v=spf1 -all", "v=spf1 mx"), "make them one:\n  v=spf1 -all\n  v=spf1 mx"),
        ("record.doubled_name", (), "the form has added the domain once more."),
        ("record.of_a_newer_version", (), "Now: there is none."),
    ],
)
def test_what_stands_in_its_place_is_told(problem: str, seen: tuple[str, ...], last: str) -> None:
    assert said(problem, *seen).endswith(last)


def test_nothing_is_said_of_no_records() -> None:
    assert in_words([], "pl") == ""
    two = [{**RECORD, "problem": "record.missing", "seen": []}] * 2
    assert in_words(two, "en").count("\n\n") == 1
