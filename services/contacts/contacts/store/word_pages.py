"""Pages of the contacts that hold words, and how many they are, each by the way that is short (decision 0261).

Words of many are soon found among the next contacts of the list, words of few by the index. Which of the two it is
shows by trying the first, within a bound: neither statistics nor a plan decide how long a search takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from contacts.store import contact_pages

# A page of what a hundredth of the contacts holds is among so many of them; each costs 2 µs. Where the first few hold
# nobody, no more are looked at.
LOOKED_AT = (500, 5_000)

# An account of fewer contacts is counted as fast as it is sampled.
SAMPLED_FROM = 200_000
# So many of its contacts are drawn, 2 µs each, but no more of the table's pages than a count looks at. Where the
# account is a small part of the table these may hold too few of its contacts to show anything.
SAMPLE, MOST_PAGES, LEAST_SAMPLE = 10_000, 4_000, 2_000
# A sample shows more than a number where it is above it by so many standard errors: wrongly once in 30,000 times.
CLEARLY = 4
# The same pages of the table each time, which stay in memory, and an account is told the same twice.
SEED = 0


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
    """One page, as `contact_pages.page` has it."""
    wanted: dict[str, Any] = {"account_id": account_id, "where": where, "parameters": parameters}
    place: dict[str, Any] = {"after": after, "limit": limit, "newest_first": newest_first}
    rows = _among_next(session, **wanted, **place)
    return rows if len(rows) == limit else _among_found(session, **wanted, **place)[0]


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
    """The first page, and how many fit, told up to `most`."""
    wanted: dict[str, Any] = {"account_id": account_id, "where": where, "parameters": parameters}
    place: dict[str, Any] = {"after": None, "limit": limit, "newest_first": newest_first}
    rows = _among_next(session, **wanted, **place)
    if len(rows) == limit:
        return rows, count(session, **wanted, most=most)
    rows, found = _among_found(session, **wanted, **place)
    return rows, min(found, most)


def count(session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any], most: int) -> int:
    """How many fit, counted to `most`; not counted where a sample shows that they are more."""
    wanted: dict[str, Any] = {"account_id": account_id, "where": where, "parameters": parameters, "most": most}
    return most if _are_clearly_more(session, **wanted) else contact_pages.count(session, **wanted)


def _among_next(
    session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any], **place: Any
) -> list[RowMapping]:
    """A page, or its beginning: those who fit among the next contacts of the list."""
    beyond, order = _beyond(**place)
    rows: list[RowMapping] = []
    for looked_at in LOOKED_AT:
        # A number in the text itself: a plan for any number may sort everybody.
        following = f"SELECT c.* FROM contacts c WHERE {beyond} ORDER BY c.id {order} LIMIT {looked_at}"
        query = text(f"SELECT c.* FROM ({following}) c WHERE {' AND '.join(where)} ORDER BY c.id {order} LIMIT :limit")
        rows = list(session.execute(query, {**parameters, **place, "account": account_id}).mappings())
        if not rows or len(rows) == place["limit"]:
            break
    return rows


def _among_found(
    session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any], **place: Any
) -> tuple[list[RowMapping], int]:
    """A page of all who fit and come after, and how many these are.

    All are found before they are sorted: PostgreSQL would walk through the list, where it takes those who fit to be
    everywhere.
    """
    beyond, order = _beyond(**place)
    found = f"SELECT c.id FROM contacts c WHERE {' AND '.join([beyond, *where])}"
    return contact_pages.page_of(session, found, {**parameters, **place, "account": account_id}, order)


def _beyond(*, after: UUID | None, newest_first: bool, limit: int) -> tuple[str, str]:
    """SQL of what comes after that contact in the list, and of the list's order."""
    before, order = ("<", "DESC") if newest_first else (">", "ASC")
    return "c.account_id = :account" + (f" AND c.id {before} :after" if after else ""), order


def _are_clearly_more(
    session: Session, *, account_id: UUID, where: Sequence[str], parameters: Mapping[str, Any], most: int
) -> bool:
    """Whether a sample shows that `most` or more fit; False where it does not, or where none is taken.

    Each of the table's pages is drawn by the same chance. How many who fit the drawn ones hold, divided by the chance,
    estimates how many fit in all; the root of the sum of their squares, divided by it too, is about the standard error
    of that (Horvitz and Thompson). So where those who fit lie together in a few pages, a sample shows less.
    """
    chance = _chance_of_a_page(session, account_id)
    if chance is None:
        return False
    conditions = " AND ".join(["c.account_id = :account", *where])
    held = (
        "SELECT count(*) AS held FROM contacts c TABLESAMPLE SYSTEM (CAST(:percent AS float8)) REPEATABLE (:seed)"
        f" WHERE {conditions} GROUP BY (CAST(CAST(c.ctid AS text) AS point))[0]"
    )
    total, squares = session.execute(
        text(f"SELECT coalesce(sum(held), 0), coalesce(sum(held * held), 0) FROM ({held}) by_page"),
        {**parameters, "account": account_id, "percent": 100 * chance, "seed": SEED},
    ).one()
    return bool(float(total) - CLEARLY * float(squares) ** 0.5 > most * chance)


def _chance_of_a_page(session: Session, account_id: UUID) -> float | None:
    """By what chance each page of the table is drawn; None where no sample is worth its time."""
    size = "pg_relation_size('contacts') / CAST(current_setting('block_size') AS integer)"
    known = session.execute(
        text(f"SELECT contacts, {size} AS pages FROM accounts WHERE account_id = :account"), {"account": account_id}
    ).one_or_none()
    if known is None or known.contacts < SAMPLED_FROM:
        return None
    chance = min(SAMPLE / known.contacts, MOST_PAGES / max(known.pages, 1), 1.0)
    return chance if chance * known.contacts >= LEAST_SAMPLE else None
