"""STOP, its kin and what takes it back, as people write them (`stop_words.toml` has the words and their source)."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from importlib import resources
from typing import NamedTuple

from channel.words import Phrase, words_of
from contracts.vocabulary import Wish


class _Phrases(NamedTuple):
    first: Collection[Phrase]
    alone: Collection[Phrase]
    fillers: Collection[str]
    start: Collection[Phrase]
    longest: int


def wish_of(text: str, keywords: Collection[str] = ()) -> Wish | None:
    """What the message says about further ones; None where it is about something else.

    Case, diacritics, punctuation and blanks do not matter. A word of refusal counts where the message begins with it;
    inside of a sentence it is a word like others.

    :param keywords: names of senders that may stand before the word: "WICI STOP", as on numbers that several share.
    """
    words = words_of(text)
    found = _wish(words)
    if found is None and keywords:
        for keyword in {words_of(each) for each in keywords}:
            if keyword and words[: len(keyword)] == keyword:
                found = found or _wish(words[len(keyword) :])
    return found


def wish_of_label(text: str) -> Wish | None:
    """What a tap at a button says about further messages, whose label the sender of the message wrote.

    "Anuluj" and "Start" are of an order or a game there: only the words that are a refusal whatever follows count.
    """
    words, first = words_of(text), _phrases().first
    return Wish.STOP if any(words[:size] in first for size in range(1, _phrases().longest + 1)) else None


def may_name_a_sender(text: str) -> bool:
    """Whether it would be a wish behind some keyword: only then is it worth asking which there are."""
    words = words_of(text)
    return any(_wish(words[start:]) for start in range(1, min(len(words), 7)))


def _wish(words: Phrase) -> Wish | None:
    phrases = _phrases()
    if words in phrases.start:
        return Wish.START
    for size in range(1, min(len(words), phrases.longest) + 1):
        beginning, rest = words[:size], words[size:]
        if beginning in phrases.first:
            return Wish.STOP
        if beginning in phrases.alone and all(word in phrases.fillers for word in rest):
            return Wish.STOP
    return None


@cache
def _phrases() -> _Phrases:
    known = tomllib.loads(resources.files("channel").joinpath("stop_words.toml").read_text("utf-8"))
    first, alone, start = (
        frozenset(tuple(phrase.split()) for phrase in known[name]) for name in ("first", "alone", "start")
    )
    return _Phrases(first, alone, frozenset(known["fillers"]), start, max(map(len, first | alone)))
