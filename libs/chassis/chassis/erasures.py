"""People who were erased, as the services that handle messages remember them: by a keyed hash, never by the address.

A message may be on its way while its recipient is erased: in a lane, in a process's memory, in a receipt that comes a
day later. Whoever writes addresses down looks here first, in the transaction of the writing:

    concerned = erasures.watch(cursor, account_ids)          # almost always empty, and then there is nothing to do
    gone = erasures.among(cursor, messages) if concerned else set()

`watch` shares a lock that `remember` holds alone, so that a writer either sees the mark or has committed before it, and
then the eraser finds what it wrote. Only messages made before the erasure are meant (their ids tell when): somebody who
comes back as a customer is written to like everybody else.

The hash is HMAC-SHA256 under a key made of `WICI_ERASURE_KEYS` and the account: a phone number has too few digits for
a hash that a copy of the database alone could be searched with. After a rotation the older keys are tried too.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from chassis.config import load, setting
from chassis.database import Statement, cursor_of
from chassis.secrets import derived, key_ring
from contracts.ids import created_at

LOCK = 0x6572_6173  # "eras": of this database's advisory locks
SHARE: Statement = ("SELECT pg_advisory_xact_lock_shared(%s)", (LOCK,))
"""What `share` does, for `execute_together`."""
_WITH = "SELECT a FROM unnest(%s::uuid[]) a WHERE EXISTS (SELECT 1 FROM erasures e WHERE e.account_id = a)"
KEEP_DAYS = 35  # longer than any message is on its way: retries 3 days, receipts and bounces some days more


@dataclass(frozen=True, kw_only=True)
class _Keys:
    erasure_keys: str = setting("WICI_ERASURE_KEYS", secret=True)


@lru_cache(maxsize=1)
def _ring() -> Mapping[str, bytes]:
    return key_ring(load(_Keys, os.environ).erasure_keys)


def check_keys() -> None:
    """At the start of a process. :raises ConfigError, SecretError: there are no keys, or they are malformed."""
    _ring()


def account_keys(account_id: UUID | str) -> list[bytes]:
    """The keys (32 bytes each) under which this account's addresses are hashed, the current one first."""
    return _account_keys(str(account_id))


@lru_cache(maxsize=1024)
def _account_keys(account_id: str) -> list[bytes]:
    return derived(_ring(), f"erased people of {account_id}".encode())


def marks(account_id: UUID | str, address: str) -> list[bytes]:
    """The address's hashes (32 bytes each); the first is what is stored, all are what is looked for."""
    return [hmac.digest(key, address.encode(), "sha256") for key in account_keys(account_id)]


def _columns() -> list[Any]:
    return [
        Column("account_id", PG_UUID(as_uuid=True), primary_key=True),
        Column("mark", LargeBinary, primary_key=True),
        Column("erased_at", DateTime(timezone=True), nullable=False),
    ]


def table(metadata: MetaData) -> Table:
    """Who was erased lately: `erasures.table(Base.metadata)` in models.py."""
    return Table("erasures", metadata, *_columns())


def create(op: Any) -> None:
    """`erasures.create(op)` in a migration."""
    op.create_table("erasures", *_columns())


def remember(session: Session, *, account_id: UUID, addresses: Collection[str], erased_at: datetime) -> None:
    """Write marks down, with every writer held off (see `hold`)."""
    hold(session)
    session.execute(
        text(
            "INSERT INTO erasures AS e (account_id, mark, erased_at)"
            " SELECT :account, mark, :at FROM unnest(CAST(:marks AS bytea[])) mark"
            " ON CONFLICT (account_id, mark) DO UPDATE SET erased_at = greatest(e.erased_at, excluded.erased_at)"
        ),
        {
            "account": account_id,
            "marks": [marks(account_id, address)[0] for address in sorted(set(addresses))],
            "at": erased_at,
        },
    )


def hold(session: Session) -> None:
    """Wait for every writer at work, and let others wait until this transaction ends: keep it short."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def share(session: Session) -> None:
    """For whoever writes addresses of messages made this moment: an eraser waits until they are committed."""
    share_at(cursor_of(session))


def share_at(cursor: Cursor[Any]) -> None:
    """As `share`, for a pipeline."""
    cursor.execute(*SHARE)


def watch(cursor: Cursor[Any], account_ids: Iterable[str]) -> set[str]:
    """Those of the accounts that erased anybody; no mark is written from here to the end of the transaction."""
    share_at(cursor)
    return accounts_with(cursor, account_ids)


def accounts_with(cursor: Cursor[Any], account_ids: Iterable[str]) -> set[str]:
    """Those of the accounts that erased anybody."""
    cursor.execute(*asking_for(account_ids))
    return {str(row[0]) for row in cursor.fetchall()}


def asking_for(account_ids: Iterable[str]) -> Statement:
    """What `accounts_with` asks, for `execute_together`."""
    return _WITH, (sorted(set(account_ids)),)


def among(cursor: Cursor[Any], messages: Iterable[tuple[str, str, str]]) -> set[str]:
    """Ids of those messages that were made before their recipient was erased.

    :param messages: (message id, account id, address) of each.
    """
    message_by_mark: dict[tuple[str, bytes], list[str]] = {}
    for message_id, account_id, address in messages:
        for mark in marks(account_id, address):
            message_by_mark.setdefault((account_id, mark), []).append(message_id)
    if not message_by_mark:
        return set()
    keys = list(message_by_mark)
    cursor.execute(
        "SELECT e.account_id::text, e.mark, e.erased_at FROM unnest(%s::uuid[], %s::bytea[]) AS k (account_id, mark)"
        " JOIN erasures e ON e.account_id = k.account_id AND e.mark = k.mark",
        ([account_id for account_id, _ in keys], [mark for _, mark in keys]),
    )
    return {
        message_id
        for account_id, mark, erased_at in cursor.fetchall()
        for message_id in message_by_mark[account_id, bytes(mark)]
        if created_at(UUID(message_id)) <= erased_at
    }


def forget_old(session: Session) -> None:
    """Drop marks that no message on its way can meet any more."""
    session.execute(
        text("DELETE FROM erasures WHERE erased_at < now() - make_interval(days => :days)"), {"days": KEEP_DAYS}
    )
