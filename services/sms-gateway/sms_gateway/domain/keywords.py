"""Keywords: what a message from a phone must say for it to be answered, or its person to come into a group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from channel.words import Phrase, words_of
from contracts.vocabulary import KeywordMatch

_CLOSEST_FIRST = (KeywordMatch.EXACT, KeywordMatch.BEGINNING, KeywordMatch.ANYWHERE)


@dataclass(frozen=True)
class Keyword:
    """`number` is bare; None: every number of the account."""

    id: UUID
    phrase: Phrase
    match: KeywordMatch
    number: str | None
    answer: str | None
    group_id: UUID | None
    grants_consent: bool

    def fits(self, words: Phrase, number: str) -> bool:
        if self.number not in (None, number) or not self.phrase:
            return False
        size = len(self.phrase)
        if self.match is KeywordMatch.EXACT:
            return words == self.phrase
        if self.match is KeywordMatch.BEGINNING:
            return words[:size] == self.phrase
        return any(words[start : start + size] == self.phrase for start in range(len(words) - size + 1))


def best(keywords: Collection[Keyword], text: str, number: str) -> Keyword | None:
    """The one that the text means: of the number before all numbers', the closest match, the longest, the oldest."""
    words = words_of(text)
    fitting = [each for each in keywords if each.fits(words, number)]
    return min(fitting, key=_rank, default=None)


def _rank(keyword: Keyword) -> tuple[bool, int, int, UUID]:
    return keyword.number is None, _CLOSEST_FIRST.index(keyword.match), -len(keyword.phrase), keyword.id
