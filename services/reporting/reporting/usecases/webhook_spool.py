"""Events on their way to webhooks: heard into the spool by account, and told from there by turns.

Telling makes a row for each event and webhook, which is what costs; it is done a portion of one account at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from chassis.database import Fault, Session, fault_of
from chassis.secrets import Vault
from reporting.domain.folding import readable_events
from reporting.domain.webhooks import heard
from reporting.store import webhook_spool
from reporting.usecases import webhook_events, webhook_sends

# A portion is a row for each of these and each webhook, some ten milliseconds' work.
PORTION = 500
TRIES = 6
WAIT = timedelta(seconds=10)


def hear(session: Session, wanted: Mapping[str, Sequence[Any]], *, vault: Vault) -> int:
    """Keep events by account; returns how many."""
    webhook_sends.remember(session, chain.from_iterable(wanted.values()), vault=vault)
    webhook_spool.add(session, [*_portions(wanted)])
    return sum(map(len, wanted.values()))


def _portions(wanted: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, bytes]]:
    for account_id, events in wanted.items():
        for start in range(0, len(events), PORTION):
            yield account_id, orjson.dumps(events[start : start + PORTION])


class Told(NamedTuple):
    """:param refused: events that could not be told, and stay as the account's first portion."""

    rows: int
    refused: int


def tell_portion(session: Session, account_id: UUID) -> Told | None:
    """Tell the account's webhooks of its first portion; None where there is nothing to tell.

    Harmless twice: each event has an id of its own. What failed before is halved until the culprits are alone.
    """
    portion = webhook_spool.take(session, account_id)
    if portion is None:
        return None
    events, heard_at = readable_events(orjson.loads(bytes(portion["events"])))[0], portion["heard_at"]
    refused: list[Any] = []
    if portion["tries"]:
        told = _tell_halved(session, events, heard_at, refused)
    else:
        told = _tell(session, events, heard_at)
    if refused:
        webhook_spool.replace(session, portion["position"], orjson.dumps(refused))
    else:
        webhook_spool.delete(session, portion["position"])
    return Told(told, len(refused))


def _tell(session: Session, events: Sequence[Any], heard_at: datetime) -> int:
    return webhook_events.keep(session, [heard(event) for event in events], heard_at=heard_at)


def _tell_halved(session: Session, events: list[Any], heard_at: datetime, refused: list[Any]) -> int:
    """Tell all but those that are refused, which are added to `refused`; returns of how many rows."""
    try:
        with session.begin_nested():
            return _tell(session, events, heard_at)
    except Exception as error:
        if fault_of(error) is Fault.SERVER:
            raise
    if len(events) <= 1:
        refused += events
        return 0
    middle = len(events) // 2
    return sum(_tell_halved(session, half, heard_at, refused) for half in (events[:middle], events[middle:]))


def put_off(session: Session, account_id: UUID) -> bool:
    """Let what could not be told be tried again later; whether it was given up, and the next goes on."""
    return webhook_spool.put_off(session, account_id, wait=WAIT, most_tries=TRIES)


def age_of_oldest(rows: Sequence[Any], now: datetime) -> float:
    """Seconds since the oldest that waits was heard; 0 where nothing waits."""
    return max(((now - row["heard_at"]).total_seconds() for row in rows), default=0.0)
