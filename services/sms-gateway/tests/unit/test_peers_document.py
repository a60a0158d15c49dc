"""docs/smpp-peers.md says what the tests play, and names tests that there are."""

from __future__ import annotations

import peers_document
from esme_cases import ESME_CASES
from peer_case import Elsewhere
from smsc_cases import SMSC_CASES


def test_the_document_is_what_is_played() -> None:
    told = "run python services/sms-gateway/tests/peers_document.py"
    assert peers_document.PATH.read_text() == peers_document.text(), told


def test_every_row_is_shown_by_a_test_that_there_is() -> None:
    for case in (*SMSC_CASES, *ESME_CASES):
        if isinstance(case, Elsewhere):
            path, _, name = case.test.partition("::")
            assert f"def {name}(" in (peers_document.TESTS / path).read_text(), case.test


def test_no_row_is_there_twice_and_each_side_has_many() -> None:
    for cases in (SMSC_CASES, ESME_CASES):
        assert len({case.does for case in cases}) == len(cases) >= 20
