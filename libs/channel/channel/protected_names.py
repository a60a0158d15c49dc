"""Names that only their bearers may send under: the police, banks, authorities; in SMS sender IDs and From names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

# Long ones are refused wherever they stand in a sender ID, short ones (which are part of many honest words) only alone.
ANYWHERE = (
    "policja", "police", "prokuratura", "straznik", "urzad", "egov", "mobywatel", "epuap", "zuspl", "skarbowy",
    "mbank", "pkobp", "ipko", "santander", "pekao", "millennium", "aliorbank", "bnpparibas", "ingbank", "citibank",
    "creditagricole", "nestbank", "velobank", "revolut", "blik", "bankpolski", "paypal", "visa", "mastercard",
)  # fmt: skip
ALONE = ("pko", "ing", "zus", "kas", "nbp", "krus", "nfz", "sad", "abw", "cba", "rcb", "mf", "alert", "bank", "112")
# Those of them that mean nobody else as one word of a longer name: "ZUS Oddział Łódź".
AS_A_WORD = frozenset({"pko", "zus", "nbp", "krus", "nfz", "abw", "cba", "rcb"})
# Those of the long ones that stand inside honest words ("Republika", "Visage", "Filipkowski"): in a From name they are
# refused as words, also in another case of Polish grammar ("płatność BLIKiem").
IN_HONEST_WORDS = frozenset({"police", "urzad", "egov", "ipko", "revolut", "blik", "visa"})
_CASES = ("", "a", "em", "ie", "iem", "owi", "u")

# One letter for what is drawn like another, so that P0LICJA is read as it is meant to be read: figures, and the letters
# of Cyrillic and Greek that look like Latin ones (Unicode UTS 39, confusables, single letters of those two scripts).
_FIGURES = str.maketrans("01234578", "oizeastb")
_LETTERS = str.maketrans(
    "łøđıɡаеорсухівкмнтѕјԁӏһԛԝүαγειοκνρτυχηβŁØĐАЕОРСУХІВКМНТЅЈԌԚԜҮΑΕΖΙΚΜΝΟΡΤΥΧΗΒ",
    "lodigaeopcyxibkmhtsjdlhqwyayeiokvptuxhbLODAEOPCYXIBKMHTSJGQWYAEZIKMNOPTYXHB",
)
# Letters in squares, which have no plain form in Unicode: 🄰 and on, 🅰 and on.
_LETTERS |= {start + at: ord("A") + at for start in (0x1F130, 0x1F170) for at in range(26)}
_SPACED = re.compile(r"(?<=\b\w) (?=\w\b)")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_protected(name: str) -> bool:
    """Whether a From name is, or holds, a name of the police, a bank or an authority, also spelt with look-alikes.

    A name counts where words begin and end, also several that are one ("m Bank", "p.o.l.i.c.j.a"), or where figures and
    capitals part them ("BLIK24", "InfoBLIK"); a long one that stands in no honest word counts inside of words too.
    """
    words = re.findall(r"[^\W_]+", _latin(name))
    if _folded("".join(words)) in _ALONE or not _AS_A_WORD.isdisjoint(map(_folded, words)):
        return True
    parts = [part for word in words for part in _PARTS.findall(word)]
    is_a_word = any(run in _WORDS for run in (*_runs(words), *_runs(parts)))
    return is_a_word or any(long in _folded(word) for word in words for long in _IN_NO_HONEST_WORD)


def _runs(words: Sequence[str]) -> Iterator[str]:
    """Neighbouring words, written as one; none that is longer than any name."""
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if len(run) > _LONGEST:
                break
            yield _folded(run)


def is_protected_id(sender: str) -> bool:
    """The same of a sender ID, which is all that its reader sees: a long name counts wherever it stands, and each short
    one that is a word, by spaces, figures, capitals.

    "Bank ING", "ZUS24" and "InfoZUS", not "Trening".
    """
    plain, together = _folded("".join(re.findall(r"[^\W_]+", _latin(sender)))), _SPACED.sub("", _latin(sender))
    if any(long in plain for long in _ANYWHERE):
        return True
    words = {plain, *re.findall(r"[^\W_]+", together), *_PARTS.findall(together)}
    return not _ALONE.isdisjoint(map(_folded, words))


def _latin(name: str) -> str:
    """Without accents, joiners and other scripts' look-alikes."""
    apart = unicodedata.normalize("NFKD", name)
    return "".join(each for each in apart if unicodedata.category(each) not in ("Mn", "Cf")).translate(_LETTERS)


def _folded(word: str) -> str:
    """As it is read: letters and figures that are drawn alike are one."""
    return word.lower().translate(_FIGURES).replace("i", "l").replace("vv", "w").replace("rn", "m")


_ANYWHERE = tuple(map(_folded, ANYWHERE))
_IN_NO_HONEST_WORD = tuple(_folded(long) for long in ANYWHERE if long not in IN_HONEST_WORDS)
_WORDS = frozenset(_folded(long + case) for long in ANYWHERE for case in _CASES)
_LONGEST = max(map(len, ANYWHERE)) + max(map(len, _CASES))
_ALONE, _AS_A_WORD = frozenset(map(_folded, ALONE)), frozenset(map(_folded, AS_A_WORD))
