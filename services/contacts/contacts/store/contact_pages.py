"""Pages of contacts by id, which is by when they were made, or by name, and how many there are in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session


def page(
    session: Session,
    *,
    account_id: UUID,
    where: Sequence[str],
    parameters: Mapping[str, Any],
    after: UUID | None,
    limit: int,
    newest_first: bool = False,
) -> list[RowMapping]:
    """One page; `where` holds our own SQL over `c`, with bound parameters."""
    before, order = ("<", "DESC") if newest_first else (">", "")
    conditions = ["c.account_id = :account", f"(CAST(:after AS uuid) IS NULL OR c.id {before} :after)", *where]
    return list(
        session.execute(
            text(f"SELECT c.* FROM contacts c WHERE {' AND '.join(conditions)} ORDER BY c.id {order} LIMIT :limit"),
            {**parameters, "account": account_id, "after": after, "limit": limit},
        ).mappings()
    )


# Polish letters stand behind all words that go on from the letter before them: `~` is the last of ASCII. So the order
# of octets is that of Polish, on a server without ICU too, and an index could be made of it.
_POLISH = {"ą": "a~", "ć": "c~", "ę": "e~", "ł": "l~", "ń": "n~", "ó": "o~", "ś": "s~", "ź": "z}", "ż": "z~"}


def _in_polish_order(column: str) -> str:
    """SQL of a name as it is sorted; most names are of ASCII letters alone, and cost no replacing."""
    lowered = replaced = f"lower(coalesce({column}, ''))"
    for letter, spelling in _POLISH.items():
        replaced = f"replace({replaced}, '{letter}', '{spelling}')"
    is_ascii = f"octet_length({column}) = char_length({column})"
    return f'(CASE WHEN {is_ascii} THEN {lowered} ELSE {replaced} END) COLLATE "C"'


def _name(row: str) -> list[str]:
    """What a contact is sorted by: last name, first name; those without any at the end."""
    names = [_in_polish_order(f"{row}.{column}") for column in ("last_name", "first_name")]
    return [f"(coalesce({row}.last_name, {row}.first_name) IS NULL)", *names, f"{row}.id"]


def page_by_name(
    session: Session,
    *,
    account_id: UUID,
    where: Sequence[str],
    parameters: Mapping[str, Any],
    after: UUID | None,
    limit: int,
    backwards: bool = False,
) -> list[RowMapping]:
    """The same in the order of names. No index has it: whoever asks looks through all that fit (decision 0164).

    Of a name that has changed since, the page begins at what it is now.
    """
    beyond, order = ("<", "DESC") if backwards else (">", "ASC")
    conditions = ["c.account_id = :account", *where]
    if after is not None:
        last = f"(SELECT {', '.join(_name('l'))} FROM contacts l WHERE l.account_id = :account AND l.id = :after)"
        conditions.append(f"({', '.join(_name('c'))}) {beyond} {last}")
    ordered = ", ".join(f"{part} {order}" for part in _name("c"))
    return list(
        session.execute(
            text(f"SELECT c.* FROM contacts c WHERE {' AND '.join(conditions)} ORDER BY {ordered} LIMIT :limit"),
            {**parameters, "account": account_id, "after": after, "limit": limit},
        ).mappings()
    )


def count(session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any], most: int) -> int:
    """How many fit, counted to `most` in whatever order an index has them."""
    conditions = " AND ".join(["c.account_id = :account", *where])
    query = text(f"SELECT count(*) FROM (SELECT 1 FROM contacts c WHERE {conditions} LIMIT :most) f")
    return int(session.scalar(query, {**parameters, "account": account_id, "most": most}) or 0)


def first_page(
    session: Session,
    *,
    account_id: UUID,
    where: Sequence[str],
    parameters: Mapping[str, Any],
    limit: int,
    most: int,
    newest_first: bool = False,
) -> tuple[list[RowMapping], int]:
    """The first page, and how many fit, counted to `most`: both in one walk through the contacts.

    Where few fit it costs what the page alone would, since that reads everybody in search of its rows.
    """
    order = "DESC" if newest_first else ""
    conditions = " AND ".join(["c.account_id = :account", *where])
    found = f"SELECT c.id FROM contacts c WHERE {conditions} ORDER BY c.id {order} LIMIT :most"
    return page_of(session, found, {**parameters, "account": account_id, "most": most, "limit": limit}, order)


def page_of(session: Session, found: str, parameters: Mapping[str, Any], order: str) -> tuple[list[RowMapping], int]:
    """The first `:limit` of those whose ids the query `found` gives, and how many these are: it runs once."""
    query = text(
        f"WITH found AS MATERIALIZED ({found})"
        " SELECT c.*, (SELECT count(*) FROM found) AS found"
        f" FROM (SELECT id FROM found ORDER BY id {order} LIMIT :limit) f"
        f" JOIN contacts c ON c.account_id = :account AND c.id = f.id ORDER BY c.id {order}"
    )
    rows = session.execute(query, parameters).mappings().all()
    return list(rows), rows[0]["found"] if rows else 0
