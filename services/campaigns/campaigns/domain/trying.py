"""A content that fails for some, found before it goes to all or while it does, and what its author is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import FieldError
from contracts.vocabulary import ContentFailure

# A campaign pauses once so many messages are rejected by its content, and this share of those that are decided.
FAILING_LEAST, FAILING_SHARE = 20, 0.01
CONTENT_FAILS, RECORDS_LOST = "campaign.content_fails", "email.sender_records_lost"
FOR_ONE, FOR_COMPLETE, FOR_NOBODY = (
    "for this recipient", "for a recipient who has every field", "for a recipient who has none of its fields",
)  # fmt: skip


@dataclass(frozen=True)
class Failing:
    """:ivar hit: places in the sample, of those for whom it fails. :ivar looked_at: how many of it were tried."""

    errors: list[FieldError] = field(default_factory=list)
    hit: frozenset[int] = frozenset()
    looked_at: int = 0


def made_up(
    names: Sequence[str], person: Mapping[str, Any] | None, complete: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Fields of who comes before the sample, by what is said of each.

    :param names: of the fields that the content uses. :param complete: values of all of them; None where it is tried
        for `person` alone.
    """
    people: dict[str, dict[str, Any]] = {}
    if person is not None:
        people[FOR_ONE] = {name: person[name] for name in names if person.get(name) is not None}
    if complete is not None:
        people[FOR_NOBODY] = {}
        if complete:
            people[FOR_COMPLETE] = dict(complete)
    return people


def failing(problems: Sequence[Mapping[str, Any]], before: Sequence[str], tried: int) -> Failing:
    """What the channel found, with for whom it fails.

    :param before: what is said of each who came before the sample. :param tried: how many the channel came to.
    """
    errors, hit, looked_at = list[FieldError](), set[int](), max(tried - len(before), 0)
    for problem in problems:
        places = problem.get("hits") or []
        sampled = {place - len(before) for place in places if place >= len(before)}
        words = [before[place] for place in places if place < len(before)]
        if _says_nothing(problem, words, sampled):
            continue
        detail = str(problem["detail"])
        if sampled:
            detail += f". It fails for {len(sampled)} of {looked_at} recipients looked at."
        elif words:
            detail += f". It fails {words[0]}."
        errors.append({"field": str(problem["field"]), "code": str(problem["code"]), "detail": detail})
        hit |= sampled
    return Failing(errors, frozenset(hit), looked_at)


def _says_nothing(problem: Mapping[str, Any], words: Sequence[str], sampled: set[int]) -> bool:
    """An empty text of somebody made up: nobody of the audience may be like that."""
    return problem["code"] == ContentFailure.TEXT_EMPTY and bool(words) and not sampled and FOR_ONE not in words


def why_paused(codes: Mapping[str, int], before: int, counted: int) -> tuple[str, str]:
    """The code and the words, for a campaign whose content fails in the mass.

    :param codes: how many messages were rejected, by the code. :param before: of them, when it was last resumed.
    :param counted: how many the channel has decided since.
    """
    failed = sum(codes.values()) - before
    if max(codes, key=lambda code: codes[code], default=None) == ContentFailure.RECORDS_LOST:
        return RECORDS_LOST, (
            f"DNS records of the sender's domain are gone: {failed} of {counted} recipients got no mail for that."
            " Put them back, have the domain checked, and resume the campaign for those who are left."
        )
    by_code = ", ".join(f"{code} {count}" for code, count in sorted(codes.items(), key=lambda item: -item[1]))
    return CONTENT_FAILS, (
        f"No message could be made of the content for {failed} of {counted} recipients ({by_code}). Resume the campaign"
        " to go on without those for whom it fails, or cancel it and send a mended copy."
    )
