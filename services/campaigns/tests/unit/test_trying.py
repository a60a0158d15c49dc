"""What an author is told of a content that was tried with some of its recipients."""

from __future__ import annotations

from typing import Any

from campaigns import domain

NAMES = ["points"]
FAILED = {"field": "html", "code": "template.failed", "detail": "line 2"}
EMPTY = {"field": "content.text", "code": "text.empty", "detail": "The text is empty"}


def told(problem: dict[str, Any], hits: list[int], *, person: Any = None, sampled: int = 10) -> list[str]:
    made_up = domain.made_up(NAMES, person, {"points": 1})
    failing = domain.failing([{**problem, "hits": hits}], list(made_up), len(made_up) + sampled)
    assert failing.looked_at == sampled
    return [error["detail"] for error in failing.errors]


def test_who_is_made_up_is_told_of_where_nobody_in_the_audience_is_concerned() -> None:
    assert told(FAILED, [0]) == ["line 2. It fails for a recipient who has none of its fields."]
    assert told(FAILED, [1]) == ["line 2. It fails for a recipient who has every field."]
    assert told(FAILED, [0, 1], person={"points": None}) == ["line 2. It fails for this recipient."]
    assert told(FAILED, [0, 2, 5]) == ["line 2. It fails for 2 of 10 recipients looked at."]
    assert told(FAILED, []) == ["line 2"]


def test_a_text_that_is_empty_for_nobody_in_the_audience_may_go() -> None:
    assert told(EMPTY, [0]) == []
    assert told(EMPTY, [0, 3]) == ["The text is empty. It fails for 1 of 10 recipients looked at."]
    assert told(EMPTY, [0], person={}) == ["The text is empty. It fails for this recipient."]


def test_nothing_but_the_given_person_is_tried_where_no_audience_is() -> None:
    assert domain.made_up(NAMES, {"points": 3, "city": "Gdynia"}, None) == {"for this recipient": {"points": 3}}
    assert list(domain.made_up([], None, {})) == ["for a recipient who has none of its fields"]
