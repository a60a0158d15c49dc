"""Names that only their bearers may send under: the police, banks, authorities; in SMS sender IDs and From names."""

from __future__ import annotations

import re
import unicodedata

# Long ones are refused wherever they stand in a name, short ones (which are part of many honest words) only alone.
ANYWHERE = (
    "policja", "police", "prokuratura", "straznik", "urzad", "egov", "mobywatel", "epuap", "zuspl", "skarbowy",
    "mbank", "pkobp", "ipko", "santander", "pekao", "millennium", "aliorbank", "bnpparibas", "ingbank", "citibank",
    "creditagricole", "nestbank", "velobank", "revolut", "blik", "bankpolski", "paypal", "visa", "mastercard",
)  # fmt: skip
ALONE = ("pko", "ing", "zus", "kas", "nbp", "krus", "nfz", "sad", "abw", "cba", "rcb", "mf", "alert", "bank", "112")
# Those of them that mean nobody else as one word of a longer name: "ZUS Oddział Łódź".
AS_A_WORD = frozenset({"pko", "zus", "nbp", "krus", "nfz", "abw", "cba", "rcb"})

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
    """Whether it is, or holds, a name of the police, a bank or an authority, also spelt with look-alikes."""
    words = [_folded(word) for word in re.findall(r"[^\W_]+", _latin(name))]
    return _is_one("".join(words)) or not _AS_A_WORD.isdisjoint(words)


def is_protected_id(sender: str) -> bool:
    """The same of a sender ID, which is all that its reader sees: there each word counts, by spaces, figures, capitals.

    "Bank ING", "ZUS24" and "InfoZUS", not "Trening".
    """
    together = _SPACED.sub("", _latin(sender))
    words = {*re.findall(r"[^\W_]+", together), *_PARTS.findall(together)}
    return is_protected(sender) or not _ALONE.isdisjoint(map(_folded, words))


def _is_one(plain: str) -> bool:
    return plain in _ALONE or any(long in plain for long in _ANYWHERE)


def _latin(name: str) -> str:
    """Without accents, joiners and other scripts' look-alikes."""
    apart = unicodedata.normalize("NFKD", name)
    return "".join(each for each in apart if unicodedata.category(each) not in ("Mn", "Cf")).translate(_LETTERS)


def _folded(word: str) -> str:
    """As it is read: letters and figures that are drawn alike are one."""
    return word.lower().translate(_FIGURES).replace("i", "l").replace("vv", "w").replace("rn", "m")


_ANYWHERE = tuple(map(_folded, ANYWHERE))
_ALONE, _AS_A_WORD = frozenset(map(_folded, ALONE)), frozenset(map(_folded, AS_A_WORD))
