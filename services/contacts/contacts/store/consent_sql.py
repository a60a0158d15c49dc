"""Consents in merging, in SQL: a consent is an act with a date, never a value that the newest file overwrites.

The latest act stands, whatever the order in which files bring them, and of two of one day the refusal. A file tells the
day of an act or nothing: a refusal without a day is one of now, and a consent without one undoes nobody's refusal. So a
list that was made before a person said no does not make them somebody to write to again.
"""

from __future__ import annotations

from contacts.domain.columns import CONSENTED, MODIFIED
from contacts.domain.rows import Precedence

# A file's day begins at midnight; what was refused on it may have been refused at its end.
_END_OF_DAY = "interval '1 day'"


def day_of(name: str) -> str:
    """The column of a slice that holds the day of consent `name`."""
    return f"{name}_day"


def latest(value: str, name: str) -> str:
    """`value` of the row, among several rows `r` of one person, that holds the latest act of consent `name`."""
    unknown = f"CASE WHEN r.{name} THEN '-infinity'::timestamptz ELSE 'infinity' END"
    order = f"coalesce(r.{CONSENTED}, r.{MODIFIED}, {unknown}) DESC, r.{name}, r.{CONSENTED} DESC NULLS LAST"
    return f"(array_agg(r.{value} ORDER BY {order}) FILTER (WHERE r.{name} IS NOT NULL))[1]"


def is_taken(name: str, precedence: Precedence, *, new: str = "d", old: str = "c") -> str:
    """Whether the act of row `new` takes the place of the one that contact `old` holds.

    The same again with a later day is a later act. Where existing values stay, so do consents, but not against a later
    refusal.
    """
    later = f"{new}.{day_of(name)} > {old}.{name}_at" if precedence is Precedence.NEWEST else "false"
    refused = f"coalesce({new}.{day_of(name)} + {_END_OF_DAY}, 'infinity') > coalesce({old}.{name}_at, '-infinity')"
    return (
        f"coalesce(CASE WHEN {new}.{name} IS NULL THEN false WHEN {old}.{name} IS NULL THEN true"
        f" WHEN {old}.{name} AND NOT {new}.{name} THEN {refused} ELSE {later} END, false)"
    )


def is_held_back(name: str, precedence: Precedence, *, new: str, old: str) -> str:
    """Whether the consent of row `new` is left out because contact `old` has refused; to be told."""
    if precedence is Precedence.KEEP_EXISTING:
        return "false"
    return f"({new}.{name} IS TRUE AND {old}.{name} IS FALSE AND NOT {is_taken(name, precedence, new=new, old=old)})"
