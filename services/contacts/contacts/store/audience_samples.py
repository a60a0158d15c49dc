"""Some of an audience, by one statement that walks it once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contacts.store import audiences

SPREAD = 64  # a power of two
SETS, OF_EACH = 18, 2  # sets of fields that are lacked together
LOOKED_AT = 1_000_000  # of a larger audience; so that no size takes longer than who waits for it waits


def _lacks(value: str) -> str:
    """SQL: '1' where there is no value, or an empty one, which is none to a template; else '0'.

    A JSON null is none either: older contacts may have it.
    """
    return f"CASE WHEN coalesce(to_jsonb({value}), 'null') IN ('null', '\"\"') THEN '1' ELSE '0' END"


def sample(
    session: Session, *, account_id: UUID, where: str, fields: Sequence[str], values: str, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Up to `SPREAD` spread at random, and `OF_EACH` of every set of fields that somebody lacks, the emptiest first.

    Each of the spread `stands_for` its share of what was looked at, so that sums over the sample are estimates of the
    audience; the others, who are chosen for what they lack, for nobody.

    Who is chosen nobody can know beforehand: an author could spare those whom it costs most.

    :param fields: SQL over `c` of each field's value. :param values: of a jsonb object of them all.
    """
    audiences.expect_many(session)
    lacking = " || ".join(["''", *map(_lacks, fields)])
    hashed = "uuid_hash_extended(c.id, CAST(:salt AS bigint))"
    drawn = f"to_hex({hashed}) || ':' || CAST(c.id AS text)"
    picked = text(
        # Groups that are hashed keep two ids each, and nothing is sorted.
        f'WITH audience AS (SELECT ({drawn}) COLLATE "C" AS drawn, {hashed} & {SPREAD - 1} AS share,'
        f"  {lacking} AS lacking FROM contacts c WHERE c.account_id = :account AND {where} LIMIT {LOOKED_AT}),"
        " picked AS (SELECT share, lacking, min(drawn) AS one, max(drawn) AS another, count(*) AS people"
        "  FROM audience GROUP BY GROUPING SETS ((share), (lacking))),"
        " emptiest AS (SELECT one, another FROM picked WHERE share IS NULL"
        f"  ORDER BY length(replace(lacking, '0', '')) DESC, people DESC LIMIT {SETS})"
        " SELECT one, CAST(sum(people) AS bigint) FROM (SELECT one, people FROM picked WHERE share IS NOT NULL"
        "  UNION ALL SELECT one, 0 FROM emptiest UNION ALL SELECT another, 0 FROM emptiest) chosen GROUP BY one"
    )
    salted = {**parameters, "account": account_id, "salt": secrets.randbits(63)}
    stands_for = {UUID(one.partition(":")[2]): people for one, people in session.execute(picked, salted)}
    rows = session.execute(
        text(f"SELECT c.id, {values} FROM contacts c WHERE c.account_id = :account AND c.id = ANY(:ids)"),
        {**parameters, "account": account_id, "ids": list(stands_for)},
    )
    # Those who lack most come first: whoever tries the sample may run out of time.
    emptiest_first = sorted(rows, key=lambda row: sum(value not in (None, "") for value in row[1].values()))
    return [
        {"contact_id": contact_id, "fields_": found, "stands_for": stands_for[contact_id]}
        for contact_id, found in emptiest_first
    ]
