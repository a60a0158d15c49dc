"""The words of a message from a phone, as they are compared: case, diacritics, punctuation and blanks do not matter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
# No letter with a mark to Unicode, which takes the others apart.
_PLAIN = str.maketrans("łŁ", "lL")
_READ = 400  # characters: what counts stands at the beginning, and a message may have 64 KB

Phrase = tuple[str, ...]


def words_of(text: str) -> Phrase:
    plain = unicodedata.normalize("NFKD", text[:_READ].translate(_PLAIN))
    marked = "".join(character for character in plain if not unicodedata.combining(character))
    # "S.T.O.P.", "S T O P": letters that stand alone side by side are one word.
    return tuple(_joined(_WORD.findall(marked.casefold())))


def _joined(words: Sequence[str]) -> list[str]:
    if len(words) > 2 and all(len(word) == 1 for word in words):
        return ["".join(words)]
    return list(words)
