"""Words found anywhere in what a contact is called, without case or accents: by an index of trigrams (decision 0129).

The index `contacts_found` has `SHOWN` as it stands here, letter for letter; else it is not used. PostgreSQL reckons
`SHOWN` for each row that the index names, so it is as cheap as can be (decision 0227). Words of one or two letters have
no trigram; they are looked for as `chassis.words` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from chassis import words
from chassis.words import ACCENTED, FOLDED_FROM, FOLDED_TO, PLAIN

SHORTEST = 3
_UNACCENTED = str.maketrans(ACCENTED, PLAIN)
_NAMES = "(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, ''))"
_EMAIL = "(coalesce(c.email, '') COLLATE \"default\")"
# Each trigram is a walk through the index, and most letters of a long word add none that is rare.
_ASKED = 7
_RUN = re.compile(r"[^\W_]+")


def _folded_sql(text: str) -> str:
    """Of ASCII alone, as most are, `lower` of the locale "C" is enough, which looks nothing up."""
    plain = f"translate(lower({text}), '{FOLDED_FROM}', '{FOLDED_TO}')"
    of_ascii = f'lower({text} COLLATE "C") COLLATE "default"'
    return f"(CASE WHEN octet_length({text}) = length({text}) THEN {of_ascii} ELSE {plain} END)"


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
            continue
        folded = _folded(word)
        asked = _asked_of_index(folded)
        where.append(f"{SHOWN} LIKE CAST(:{name} AS text)")
        parameters[name] = f"%{_escaped(asked)}%"
        if asked != folded:
            where.append(f"strpos({SHOWN}, CAST(:{name}_whole AS text)) > 0")
            parameters[f"{name}_whole"] = folded
    return where, parameters


def _asked_of_index(word: str) -> str:
    """The part of a long word by which it is found: the end of its longest run, of an address before the @."""
    if len(word) <= _ASKED:
        return word
    of_person, _, of_domain = (max(_RUN.findall(part), key=len, default="") for part in word.partition("@"))
    return next((run[-_ASKED:] for run in (of_person, of_domain) if len(run) >= SHORTEST), word)


def _folded(word: str) -> str:
    """A character at a time, as PostgreSQL's lower() does."""
    return "".join(character.lower()[0] for character in word).translate(_UNACCENTED)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
