"""What a text costs and why: which characters force UCS-2, where they stand, and what a plain spelling would save."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from sms_gateway.content import gsm, parts

MOST_POSITIONS = 50


@dataclass(slots=True)
class Offender:
    """A character that forces UCS-2.

    :ivar positions: of the first `MOST_POSITIONS` of them, in characters from 0. :ivar times: how many there are.
    :ivar replacement: its plain spelling, perhaps empty; None where it has none.
    """

    character: str
    name: str
    replacement: str | None
    positions: list[int] = field(default_factory=list)
    times: int = 0


def offenders(text: str, language: str | None = None) -> list[Offender]:
    """In order of their first appearance.

    :param language: whose tables may be used.
    """
    found: dict[str, Offender] = {}
    wanted = set(parts.offending(text, language))
    for position, character in enumerate(text if wanted else ""):
        if character not in wanted:
            continue
        if character not in found:
            found[character] = _offender(character)
        found[character].times += 1
        if len(found[character].positions) < MOST_POSITIONS:
            found[character].positions.append(position)
    return list(found.values())


def plainly(text: str) -> parts.Counted | None:
    """The text in its plain spelling, counted; None where that changes nothing."""
    plain = gsm.replace_diacritics(text)
    return parts.count(plain) if plain != text else None


def _offender(character: str) -> Offender:
    plain = gsm.replace_diacritics(character)
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    return Offender(character, name, plain if plain != character else None)
