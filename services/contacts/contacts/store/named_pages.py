"""Pages of what an account has named itself (groups, segments, imports): searched by words, in the order of making.

Every account has few of them, and a page is found by the index of its account; nothing is indexed for the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session


def page(
    session: Session,
    table: str,
    *,
    account_id: UUID,
    name: str = "name",
    where: str = "true",
    parameters: Mapping[str, Any] | None = None,
    words: Sequence[str],
    after: UUID | None,
    limit: int,
    newest_first: bool,
) -> list[RowMapping]:
    """:param name: SQL of what the words are looked for in. :param where: more of our own SQL, with `parameters`.
    :param words: patterns, as `chassis.words` makes them."""
    before, order = ("<", "DESC") if newest_first else (">", "")
    conditions = _conditions(name, where, words)
    return list(
        session.execute(
            text(
                f"SELECT * FROM {table} WHERE {conditions} AND (CAST(:after AS uuid) IS NULL OR id {before} :after)"
                f" ORDER BY id {order} LIMIT :limit"
            ),
            {**_bound(account_id, parameters, words), "after": after, "limit": limit},
        ).mappings()
    )


def count(
    session: Session,
    table: str,
    *,
    account_id: UUID,
    name: str = "name",
    where: str = "true",
    parameters: Mapping[str, Any] | None = None,
    words: Sequence[str],
    most: int,
) -> int:
    """How many fit, counted to `most`."""
    conditions = _conditions(name, where, words)
    return int(
        session.scalar(
            text(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {conditions} LIMIT :most) AS found"),
            {**_bound(account_id, parameters, words), "most": most},
        )
        or 0
    )


def _conditions(name: str, where: str, words: Sequence[str]) -> str:
    held = [f"{name} ~ CAST(:word{at} AS text)" for at in range(len(words))]
    return " AND ".join(["account_id = :account", where, *held])


def _bound(account_id: UUID, parameters: Mapping[str, Any] | None, words: Sequence[str]) -> dict[str, Any]:
    return {**(parameters or {}), **{f"word{at}": word for at, word in enumerate(words)}, "account": account_id}
