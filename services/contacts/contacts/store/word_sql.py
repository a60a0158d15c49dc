"""Words found anywhere in what a contact is called, without case or accents: by an index of trigrams (decision 0129).

The index `contacts_words` has `SHOWN` as it stands here, letter for letter; else it is not used. Words of one or two
letters have no trigram; they are looked for as `chassis.words` does.
"""

from __future__ import annotations

from collections.abc import Mapping

from chassis import words
from chassis.words import ACCENTED, PLAIN

SHORTEST = 3
_UNACCENTED = str.maketrans(ACCENTED, PLAIN)
_NAMES = "(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, ''))"
_EMAIL = "(coalesce(c.email, '') COLLATE \"default\")"


def _folded_sql(text: str) -> str:
    """`translate` looks through its list for each character: only where there are letters that are not ASCII."""
    plain = f"translate(lower({text}), '{ACCENTED}', '{PLAIN}')"
    return f"(CASE WHEN octet_length({text}) = length({text}) THEN lower({text}) ELSE {plain} END)"


SHOWN = f"({_folded_sql(_NAMES)} || ' ' || {_folded_sql(_EMAIL)} || ' ' || coalesce(c.phone, ''))"
_UNFOLDED = "concat_ws(' ', c.first_name, c.last_name, c.email, c.phone)"


def holding(text: str) -> tuple[list[str], Mapping[str, str]]:
    """SQL over `c` that holds where each word of the text is found, with its parameters; the first words count."""
    where, parameters = [], {}
    for number, word in enumerate(text.replace("\0", "").split()[: words.MOST_WORDS]):
        name = f"word{number}"
        if len(word) < SHORTEST:
            where.append(f"{_UNFOLDED} ~ CAST(:{name} AS text)")
            parameters[name] = words.pattern(word)
        else:
            where.append(f"{SHOWN} LIKE CAST(:{name} AS text)")
            parameters[name] = f"%{_escaped(_folded(word))}%"
    return where, parameters


def _folded(word: str) -> str:
    """A character at a time, as PostgreSQL's lower() does."""
    return "".join(character.lower()[0] for character in word).translate(_UNACCENTED)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
