"""A database with the tables of a channel, and batches that somebody put into its lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
from psycopg import Cursor
from sqlalchemy import text

from channel import account_networks, instances, login_failures, retries, tables
from channel.batches import Batch, Header
from channel.defaults import PlainLedger
from channel.left_out import Looked
from channel.outlets import Chunk, Message
from chassis import erasures
from chassis.database import Database, cursor_of, make_engine
from chassis.ids import new_id
from chassis.tables import create_outbox
from chassis.testing import truncate, unmigrated_database
from contracts.vocabulary import Channel, Lane, MessageState

ACCOUNT = str(new_id())
LEDGER = PlainLedger("test_gateway", Channel.SMS)


class KnownContent:
    account_id, sender = ACCOUNT, "test"


@pytest.fixture(scope="session")
def made() -> Iterator[Database]:
    def make_tables(connection: sqlalchemy.Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        create_outbox(operations)
        erasures.create(operations)
        tables.create_all(operations)
        account_networks.create(operations)
        login_failures.create(operations)

    with unmigrated_database("channel", make_tables) as url:
        database = Database(make_engine(url))
        yield database
        database.dispose()


@pytest.fixture
def database(made: Database) -> Database:
    truncate(made)
    return made


@pytest.fixture
def instance(database: Database) -> Callable[..., UUID]:
    """`instance()`: a running instance; `instance(is_dead=True)`: one whose lease ran out."""

    def start(*, is_dead: bool = False) -> UUID:
        instance_id = new_id()
        with database.transaction() as session:
            instances.renew_lease(cursor_of(session), instance_id)
            if is_dead:
                session.execute(text("UPDATE instances SET expires_at = now() - interval '1 second'"))
        return instance_id

    return start


def header(lane: Lane = Lane.BULK, *, send_id: UUID | None = None) -> Header:
    campaign = str(new_id()) if lane is Lane.BULK else None
    return Header(
        {
            "batch_id": str(new_id()), "account_id": ACCOUNT, "campaign_id": campaign, "content_hash": "c",
            "send_id": str(send_id or new_id()),
        },
        lane,
    )  # fmt: skip


def chunk(of: Header, *numbers: int) -> Chunk:
    recipients = [{"number": n, "address": f"+48600{n:06d}", "contact_id": None, "fields": {}} for n in numbers]
    return Chunk(Batch(of, KnownContent(), len(recipients)), None, recipients)


def settled(of: Chunk, state: MessageState = MessageState.DELIVERED, **more: Any) -> list[Message]:
    messages = []
    for recipient in of.recipients:
        number = recipient["number"]
        message = Message(
            of, recipient, of.batch.header.id_of(number), number in of.existing, of.attempts.get(number, 0)
        )
        message.state, message.at = state, 1.7e9
        for name, value in more.items():
            setattr(message, name, value)
        messages.append(message)
    return messages


def take_due(cursor: Cursor[Any], limit: int) -> list[retries.Due]:
    """What the upkeep does in two steps, with a question in between."""
    singles, _ = retries.due(cursor, limit)
    of_campaigns, _ = retries.due(cursor, limit, of_campaigns=True)
    return retries.take_due(cursor, [*singles, *of_campaigns])


def nobody(_looked: Sequence[Looked]) -> dict[str, str]:
    """Contacts has nobody to leave out."""
    return {}
