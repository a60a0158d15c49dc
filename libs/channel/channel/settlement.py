"""Settlement: what became of messages that were claimed, in one write, with the events that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from channel import retries
from channel.batches import without_person
from channel.outlets import Message
from channel.ports import Event, Ledger
from chassis import erasures
from chassis.database import columns
from contracts.vocabulary import ERASED_ADDRESS, MessageState


def settle(cursor: Cursor[Any], ledger: Ledger, messages: Sequence[Message], *, careful: bool = False) -> list[Event]:
    """Write outcomes; returns the delivery events.

    :param careful: some of `messages` may have been settled by a sweeper that took this instance for dead.
    :raises psycopg.errors.UniqueViolation: they had, and `careful` was not set: try again with it.
    """
    _leave_erased_out(cursor, ledger, messages)
    fresh = [] if careful else [message for message in messages if not message.existing]
    rest = messages if careful else [message for message in messages if message.existing]
    if fresh:
        names = ", ".join(name for name, _ in ledger.columns)
        with cursor.copy(f"COPY ledger ({names}) FROM STDIN") as copy:
            copy.write("".join([ledger.line(message) for message in fresh]))
    taken = _upsert(cursor, ledger, rest) if rest else set()
    ledger.write_beside(cursor, messages)
    # What the ledger has another outcome of, by whoever took this instance for dead, is over: it is neither tried
    # again nor told.
    news = [*fresh, *(message for message in rest if message.message_id in taken)]
    retries.schedule(cursor, [message for message in news if message.state is MessageState.DEFERRED])
    # A deferral is told of once: the later ones change nothing.
    told = [message for message in news if message.state is not MessageState.DEFERRED or not message.attempts]
    return [event for event in map(ledger.event, told) if event is not None]


def _upsert(cursor: Cursor[Any], ledger: Ledger, messages: Sequence[Message]) -> set[str]:
    """Ids of those whose outcome it is from now on."""
    names = ", ".join(name for name, _ in ledger.columns)
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in ledger.columns)
    updates = ", ".join(f"{name} = {_overwritten(ledger, name)}" for name in ledger.updated)
    cursor.execute(
        f"INSERT INTO ledger AS l ({names}) SELECT * FROM unnest({arrays})"
        f" ON CONFLICT (message_id) DO UPDATE SET {updates} WHERE l.state IN ('accepted', 'deferred', 'unknown')"
        " RETURNING message_id::text",
        columns(map(ledger.row, messages), len(ledger.columns)),
    )
    return {message_id for (message_id,) in cursor.fetchall()}


def _overwritten(ledger: Ledger, name: str) -> str:
    """What a later outcome makes of the column."""
    if name in ledger.personal:
        return f"CASE WHEN l.address = '{ERASED_ADDRESS}' THEN l.{name} ELSE excluded.{name} END"
    return f"coalesce(excluded.{name}, l.{name})" if name in ledger.kept else f"excluded.{name}"


def _leave_erased_out(cursor: Cursor[Any], ledger: Ledger, messages: Sequence[Message]) -> None:
    """Whoever was erased since their message was claimed is written down without their number."""
    owners = [ledger.owner_id(message.header, message.recipient) for message in messages]
    concerned = erasures.watch(cursor, set(owners))
    if not concerned:
        return
    told = (
        (message.message_id, owner_id, message.recipient["address"])
        for message, owner_id in zip(messages, owners, strict=True)
        if owner_id in concerned
    )
    gone = erasures.among(cursor, told)
    for message in messages:
        if message.message_id in gone:
            message.recipient = without_person(message.recipient)
