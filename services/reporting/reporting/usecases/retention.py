"""Forgetting in time (product row G5): what the channel's states, the plan and the details of openings are kept for.

Each step is a transaction of some milliseconds, can be broken off, and is harmless twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from chassis.database import Database
from chassis.logs import get_logger
from contracts.errors import WiciError
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from reporting.domain.retention import DAYS_BY_CHANNEL, DETAILED_OPENS, LONGEST, first_day
from reporting.store import partitions, retention

DEADLINE = 5.0
# An account's plan is asked for again after so long: an operator may have changed how long the plan keeps.
TRUSTED = timedelta(days=1)
SENDS_AT_ONCE = 100

log = get_logger()


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float) -> Any: ...


def forget(database: Database, *, call: Call, now: datetime, go_on: Callable[[], bool]) -> int:
    """Delete all that is kept no longer; returns how many messages went, whole days not counted."""
    ask_for_plans(database, call=call, now=now)
    blank_openings(database, now=now, go_on=go_on)
    clear_all = (clear_channels, clear_late, clear_sends)
    return sum(clear(database, now=now, go_on=go_on) for clear in clear_all)


def ask_for_plans(database: Database, *, call: Call, now: datetime) -> None:
    """Learn for how long plans keep campaigns; of an account whose plan nobody can say, nothing is deleted for it."""
    with database.transaction() as session:
        account_ids = retention.to_ask(session, asked_before=now - TRUSTED)
    for account_id in account_ids:
        try:
            account = call(
                "identity.get_account", {"account_id": str(account_id), "service": "reporting"}, {}, deadline=DEADLINE
            )
        except WiciError as error:
            log.warning("plan_unknown", account_id=str(account_id), error=error.code)
            continue
        with database.transaction() as session:
            retention.note_plan(session, account_id, days=account["plan"]["retention_days"], asked_at=now)


def clear_channels(database: Database, *, now: datetime, go_on: Callable[[], bool]) -> int:
    """Delete the messages of days on which a channel's are kept no longer; whole days that are over are dropped."""
    deleted = 0
    for channel, days in DAYS_BY_CHANNEL.items():
        if days >= LONGEST:
            continue  # whole partitions
        before = first_day(now, days)
        for table, day in partitions.tables_before(database, "messages", before):
            if go_on():
                deleted += _clear(database, table, day, channel, before)
    return deleted


def _clear(database: Database, table: str, day: date | None, channel: Channel, before: date) -> int:
    """Clear one day of one channel; the partition of days that have none of their own (None) up to `before`."""
    if day is not None:
        with database.transaction() as session:
            if retention.is_cleared(session, channel=channel.value, day=day):
                return 0
        with database.transaction() as session:
            retention.delete_lone_labels(session, day)
    after, deleted = UUID(int=0), 0
    while True:
        with database.transaction() as session:
            some, after = retention.delete_of_channel(
                session, table, channel=channel.value, after=after, before=before, day=day
            )
            if not some and day is not None:
                retention.note_late(session, table, channel=channel.value)
                retention.note_cleared(session, channel=channel.value, day=day)
        deleted += some
        if not some:
            break
    if deleted:
        log.info("messages_forgotten", partition=table, channel=channel.value, messages=deleted)
    if day is not None:
        partitions.drop_if_empty(database, day)
    return deleted


def clear_late(database: Database, *, now: datetime, go_on: Callable[[], bool]) -> int:
    """Delete the messages that stayed when their day was cleared, once they are old enough."""
    with database.transaction() as session:
        if not retention.has_late(session):
            return 0
    deleted = 0
    for channel, days in DAYS_BY_CHANNEL.items():
        after: UUID | None = UUID(int=0) if days < LONGEST else None
        while after is not None and go_on():
            with database.transaction() as session:
                some, after = retention.delete_late(
                    session, channel=channel.value, after=after, before=first_day(now, days)
                )
            deleted += some
    with database.transaction() as session:
        retention.forget_late(session)
    return deleted


def clear_sends(database: Database, *, now: datetime, go_on: Callable[[], bool]) -> int:
    """Delete the messages of campaigns that their accounts' plans keep no longer."""
    deleted = 0
    while go_on():
        with database.transaction() as session:
            sends = retention.expired_sends(session, now=now, limit=SENDS_AT_ONCE)
        if not sends:
            break
        for send in sends:
            deleted += _clear_send(database, send)
    return deleted


def _clear_send(database: Database, send: Any) -> int:
    deleted = 0
    while True:
        with database.transaction() as session:
            some = retention.delete_of_send(session, send)
            if not some:
                retention.forget_send(session, send)
        deleted += some
        if not some:
            log.info("campaign_forgotten", campaign_id=str(send["campaign_id"]), messages=deleted)
            return deleted


def blank_openings(database: Database, *, now: datetime, go_on: Callable[[], bool]) -> None:
    """Forget of openings from where and with what they were, when the details have been kept long enough."""
    before = now - DETAILED_OPENS
    for table, _day in partitions.tables_before(database, "engagements", before.date() + timedelta(days=1)):
        some = retention.AT_ONCE
        while some == retention.AT_ONCE and go_on():
            with database.transaction() as session:
                some = retention.blank_detailed(session, table, before=before)
