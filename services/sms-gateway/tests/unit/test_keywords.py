"""Which keyword a message means."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel.words import words_of
from contracts.vocabulary import KeywordMatch
from sms_gateway.domain.keywords import Keyword, best

NUMBER = "48500000001"


def keyword(written: str, match: str = "beginning", number: str | None = None, at: int = 1) -> Keyword:
    return Keyword(UUID(int=at), words_of(written), KeywordMatch(match), number, "Tak", None, False)


@pytest.mark.parametrize(
    ("match", "text", "fits"),
    [
        ("exact", "klub!", True), ("exact", "klub proszę", False), ("exact", "k l u b", True), ("exact", "KŁUB", True),
        ("beginning", "KLUB, proszę", True), ("beginning", "proszę klub", False), ("beginning", "klubowy", False),
        ("anywhere", "proszę o KLUB teraz", True), ("anywhere", "klubowy", False), ("anywhere", "", False),
    ],
)  # fmt: skip
def test_where_a_keyword_has_to_stand(match: str, text: str, fits: bool) -> None:
    assert (best([keyword("Klub", match)], text, NUMBER) is not None) is fits


def test_of_several_the_closest_is_meant() -> None:
    general = keyword("info", "anywhere", at=1)
    beginning = keyword("info", at=2)
    longer = keyword("info cennik", at=3)
    exact = keyword("info", "exact", at=4)
    own = keyword("info", "anywhere", NUMBER, at=5)
    others = keyword("info", "exact", "48500000002", at=6)
    known = [general, beginning, longer, exact, own, others]

    assert best(known, "Info", NUMBER) == own
    known.remove(own)
    assert best(known, "Info", NUMBER) == exact
    assert best(known, "info cennik", NUMBER) == longer
    assert best(known, "info o cenach", NUMBER) == beginning
    assert best(known, "poproszę info", NUMBER) == general
    assert best(known, "pa", NUMBER) is None
    assert best([*known, keyword("info", "exact", at=9)], "info", NUMBER) == exact


@given(st.text(max_size=60), st.text(max_size=20), st.sampled_from(list(KeywordMatch)))
def test_any_text_is_compared(text: str, written: str, match: KeywordMatch) -> None:
    found = best([keyword(written, match)], text, NUMBER)
    assert found is None or words_of(written)
