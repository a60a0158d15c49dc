"""The host that an account's short and named links start with: lent by one of its domains, and told each time."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from contracts.errors import NotFound
from contracts.rpc import Actor
from email_gateway.domain.senders import SenderState
from email_gateway.models import SenderDomain
from email_gateway.usecases import senders, short_link_hosts

NOW = datetime.now(UTC)
TOOLS: Any = SimpleNamespace(config=SimpleNamespace(mail_host="mail.wici.example", public_host="wici.example"))


@pytest.fixture
def actor() -> Actor:
    return {"account_id": str(new_id())}


def added(database: Database, actor: Actor, name: str, *, has_host: bool) -> UUID:
    domain_id = new_id()
    with database.transaction() as session:
        session.add(
            SenderDomain(
                domain_id=domain_id, account_id=UUID(actor["account_id"]), domain=name, state=SenderState.VERIFIED,
                ownership_token="x", found={}, link_host=f"link.{name}" if has_host else None,
            )
        )  # fmt: skip
    return domain_id


def lend(database: Database, actor: Actor, domain_id: UUID, *, short_links: bool = True) -> Any:
    with database.transaction() as session:
        return short_link_hosts.update_domain(
            session, actor=actor, now=NOW, tools=TOOLS, domain_id=domain_id, short_links=short_links
        )


def found(database: Database, domain_id: UUID, host: str | None) -> None:
    with database.transaction() as session:
        domain = senders.store.any_domain_by_id(session, domain_id=domain_id)
        assert domain is not None
        short_link_hosts.note_host(session, domain, host)


def told(database: Database, actor: Actor) -> list[str | None]:
    """What was told of the account, in the order of the versions."""
    query = text(
        "SELECT b ->> 'host' FROM (SELECT convert_from(body, 'UTF8')::jsonb AS b FROM outbox"
        " WHERE routing_key = 'short_link_host_changed') o WHERE b ->> 'account_id' = :account"
        " ORDER BY (b ->> 'version')::bigint"
    )
    with database.transaction() as session:
        return list(session.scalars(query, {"account": actor["account_id"]}))


def test_one_domain_lends_its_host_at_a_time(database: Database, actor: Actor) -> None:
    first = added(database, actor, "sklep.example", has_host=True)
    second = added(database, actor, "inny.example", has_host=True)

    assert lend(database, actor, first)["short_links"]
    lend(database, actor, first)  # again: nothing to tell
    lend(database, actor, second)
    with database.transaction() as session:
        assert not senders.get_sender_domain(session, actor=actor, now=NOW, tools=TOOLS, domain_id=first)["short_links"]
    lend(database, actor, second, short_links=False)

    assert told(database, actor) == ["link.sklep.example", "link.inny.example", None]


def test_a_host_that_comes_and_goes_is_told_and_one_that_is_not_lent_is_not(database: Database, actor: Actor) -> None:
    lent = added(database, actor, "sklep.example", has_host=False)
    other = added(database, actor, "inny.example", has_host=False)
    lend(database, actor, lent)

    found(database, lent, "link.sklep.example")
    found(database, lent, "link.sklep.example")
    found(database, other, "link.inny.example")
    found(database, lent, None)

    assert told(database, actor) == [None, "link.sklep.example", None]


def test_a_domain_that_is_deleted_lends_no_more(database: Database, actor: Actor) -> None:
    lent = added(database, actor, "sklep.example", has_host=True)
    other = added(database, actor, "inny.example", has_host=True)
    lend(database, actor, lent)
    for domain_id in (other, lent):
        with database.transaction() as session:
            senders.delete_sender_domain(session, actor=actor, now=NOW, tools=TOOLS, domain_id=domain_id)

    assert told(database, actor) == ["link.sklep.example", None]
    with pytest.raises(NotFound):
        lend(database, actor, lent)


def test_nobody_lends_anothers(database: Database, actor: Actor) -> None:
    domain_id = added(database, actor, "sklep.example", has_host=True)

    with pytest.raises(NotFound):
        lend(database, {"account_id": str(new_id())}, domain_id)
