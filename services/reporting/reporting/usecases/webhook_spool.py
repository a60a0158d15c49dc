"""Events on their way to webhooks: heard into the spool by account, and told from there by turns.

Telling makes a row for each event and webhook, which is what costs; it is done a portion of one account at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from chassis.database import Session
from reporting.domain.folding import readable_events
from reporting.domain.webhooks import heard
from reporting.store import webhook_spool
from reporting.usecases import webhook_events

# A portion is a row for each of these and each webhook, some ten milliseconds' work.
PORTION = 500
TRIES = 6
WAIT = timedelta(seconds=10)


def hear(session: Session, wanted: Mapping[str, Sequence[Any]]) -> int:
    """Keep events by account; returns how many."""
    webhook_spool.add(session, [*_portions(wanted)])
    return sum(map(len, wanted.values()))


def _portions(wanted: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, bytes]]:
    for account_id, events in wanted.items():
        for start in range(0, len(events), PORTION):
            yield account_id, orjson.dumps(events[start : start + PORTION])


def tell_portion(session: Session, account_id: UUID) -> int | None:
    """Tell the account's webhooks of its first portion; returns of how many rows, None where there is nothing to tell.

    Harmless twice: each event has an id of its own.
    """
    portion = webhook_spool.take(session, account_id)
    if portion is None:
        return None
    events = [heard(event) for event in readable_events(orjson.loads(bytes(portion["events"])))[0]]
    told = webhook_events.keep(session, events, heard_at=portion["heard_at"])
    webhook_spool.delete(session, portion["position"])
    return told


def put_off(session: Session, account_id: UUID) -> bool:
    """Let what could not be told be tried again later; whether it was given up, and the next goes on."""
    return webhook_spool.put_off(session, account_id, wait=WAIT, most_tries=TRIES)


def age_of_oldest(rows: Sequence[Any], now: datetime) -> float:
    """Seconds since the oldest that waits was heard; 0 where nothing waits."""
    return max(((now - row["heard_at"]).total_seconds() for row in rows), default=0.0)
