"""Words found anywhere in a text, without case or accents, as regular expressions of PostgreSQL.

With a class for each letter: 1.2 µs a row on a busy core. `unaccent` is an extension, and no index could lean on it.
"""

from __future__ import annotations

# What has a base letter of its own.
ACCENTED = "ąàáâãäåāăćčçďđęèéêëēěğģìíîïīįıķłľļĺńñňņóòôõöøōőřŕśšşșťţțùúûüūůűųýÿźżž"
PLAIN = "aaaaaaaaacccddeeeeeeeggiiiiiiikllllnnnnoooooooorrsssstttuuuuuuuuyyzzz"
MOST_WORDS = 8

# PostgreSQL's translate() looks for each character from the beginning of the list: common letters, which stay as they
# are, come first, then Polish ones. With the accented alone it takes five times as long.
_COMMON = "aieornkszwlcmtdyjbpguhfvxq -"
_POLISH = "łęąóśżćńź", "leaoszcnz"
FOLDED_FROM = _COMMON + _POLISH[0] + ACCENTED
FOLDED_TO = _COMMON + _POLISH[1] + PLAIN

_VARIANTS = {plain: plain + "".join(a for a, p in zip(ACCENTED, PLAIN, strict=True) if p == plain) for plain in PLAIN}
_BASE = dict(zip(ACCENTED, PLAIN, strict=True))


def patterns(q: str | None) -> list[str]:
    """What a person typed, a pattern for each word; the first `MOST_WORDS` of them count."""
    return [pattern(word) for word in (q or "").replace("\0", "").split()[:MOST_WORDS]]


def pattern(word: str) -> str:
    """The word as a regular expression of PostgreSQL (ARE), in which no character has a meaning of its own."""
    return "".join(map(_of_character, word))


def _of_character(character: str) -> str:
    if not character.isalpha():
        return f"\\{character}" if character.isascii() and not character.isalnum() else character
    lower = character.lower()
    letters = _VARIANTS.get(_BASE.get(lower, lower), lower)
    forms = {character, *letters, *map(str.upper, letters)}
    return f"[{''.join(sorted(form for form in forms if len(form) == 1))}]"
