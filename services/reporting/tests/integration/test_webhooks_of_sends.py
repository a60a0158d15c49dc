"""Webhooks of what one key handed in, and of single sends that name an address of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook

from chassis.database import Database
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, RunningProcess, wait_until
from contracts.errors import Conflict
from reporting.ingester.writing import Ingest
from reporting.store import webhook_sends, webhooks
from reporting.usecases import privacy, webhook_spool
from reporting.webhooks.hearing import Wanted, add_wanted
from reporting.webhooks.upkeep import Upkeep

from ..factories import Send
from ..receiver import Receiver

Call = Callable[..., Any]
Event = dict[str, Any]
KEY, OTHER_KEY = str(uuid4()), str(uuid4())
DELIVERED = ["message.delivered"]
VAULT = Vault(SECRET_KEYS)


def single(send: Send, number: int, kind: str, after: float = 1.0, **labels: Any) -> Event:
    """An event of a single message; `accepted` tells its labels."""
    event = {**send.full(number, kind, after), "campaign_id": None}
    return {**event, "labels": labels} if kind == "accepted" else event


def another(send: Send) -> Send:
    return Send(send.channel, send.account_id)


def hear(database: Database, *events: Event) -> None:
    """What the process does with a lane message, to its end."""
    with database.transaction() as session:
        listening = webhooks.listening_accounts(session)
    wanted: Wanted = defaultdict(list)
    add_wanted(events, listening, wanted)
    with database.transaction() as session:
        webhook_spool.hear(session, wanted, vault=VAULT)
    for account_id in wanted:
        with database.transaction() as session:
            while webhook_spool.tell_portion(session, UUID(account_id)):
                pass


def beside(database: Database, first: Callable[[Session], Any], second: Callable[[Session], Any]) -> None:
    """`second` begins before the transaction of `first` ends, and waits for it where it has to."""

    def run() -> None:
        with database.transaction() as session:
            second(session)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            first(session)
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            running = other.submit(run)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND :pid = ANY (pg_blocking_pids(pid))")
            wait_until(lambda: session.scalar(waits, {"pid": pid}) or running.done())
        running.result()


def told(database: Database) -> dict[str, list[tuple[str, str]]]:
    """What waits for each address: message and type."""
    query = text("SELECT w.url, e.message_id, e.type FROM webhook_events e JOIN webhooks w ON w.id = e.webhook_id"
                 " ORDER BY e.position")  # fmt: skip
    by_url = defaultdict(list)
    with database.transaction() as session:
        for url, message_id, type in session.execute(query):
            by_url[url].append((str(message_id), type))
    return by_url


def test_a_webhook_of_one_key_is_told_of_what_that_key_handed_in_alone(
    database: Database, call: Call, send: Send
) -> None:
    call("create_webhook", url="https://one.example/", events=DELIVERED, submitter_id=KEY)
    call("create_webhook", url="https://all.example/", events=DELIVERED)
    others = another(send)

    hear(database, single(send, 1, "accepted", submitter_id=KEY), single(others, 1, "accepted", submitter_id=OTHER_KEY))
    hear(database, single(send, 1, "delivered"), single(others, 1, "delivered"), another(send).full(1, "delivered"))

    assert told(database)["https://one.example/"] == [(send.message_id(1), "message.delivered")]
    assert len(told(database)["https://all.example/"]) == 3


def test_of_what_was_handed_in_before_the_webhook_was_made_the_log_knows_the_key(
    database: Database, call: Call, send: Send
) -> None:
    others = another(send)
    handed_in = [single(send, 1, "accepted", submitter_id=KEY), single(others, 1, "accepted", submitter_id=OTHER_KEY)]
    hear(database, *handed_in)
    Ingest(database).write([handed_in])
    call("create_webhook", url="https://one.example/", events=DELIVERED, submitter_id=KEY)

    hear(database, single(send, 1, "delivered"), single(others, 1, "delivered"))

    assert told(database) == {"https://one.example/": [(send.message_id(1), "message.delivered")]}


def test_the_address_of_a_send_is_told_of_its_messages_alone_and_made_once(
    database: Database, call: Call, send: Send
) -> None:
    url, second, stranger = "https://send.example/", another(send), Send("email")
    first = single(send, 1, "accepted", webhook_url=url, submitter_id=KEY)

    hear(database, first, single(send, 2, "accepted", webhook_url=url), single(send, 1, "submitted", 2))
    hear(database, first, single(second, 1, "accepted"), single(stranger, 1, "accepted", webhook_url=url))
    hear(database, single(send, 1, "delivered", 3), single(second, 1, "delivered", 3), send.full(3, "delivered"))

    (made,) = call("list_webhooks")["items"]
    assert (made["url"], made["for_sends"], made["description"]) == (url, True, "")
    of_first = [type for message_id, type in told(database)[url] if message_id == send.message_id(1)]
    assert of_first == ["message.accepted", "message.submitted", "message.delivered"]
    assert len(told(database)[url]) == 5
    with pytest.raises(Conflict, match="of_sends"):
        call("update_webhook", webhook_id=made["id"], url="https://x.example/")
    with pytest.raises(Conflict, match="of_sends"):
        call("rotate_webhook_secret", webhook_id=made["id"])
    assert call("update_webhook", webhook_id=made["id"], events=DELIVERED)["events"] == DELIVERED


def test_what_is_no_address_of_a_webhook_is_none_in_the_lane_either(database: Database, call: Call, send: Send) -> None:
    for url in ("ftp://x.example/", "https://user:secret@x.example/", 7, "x" * 3000, "http://x.example/"):
        accepted = single(another(send), 1, "accepted", webhook_url=url, submitter_id="?")
        hear(database, accepted, single(send, 1, "delivered", 2))

    assert call("list_webhooks")["items"] == []


def test_an_account_has_so_many_addresses_of_sends_until_they_are_out_of_use(
    database: Database, call: Call, monkeypatch: pytest.MonkeyPatch, send: Send
) -> None:
    monkeypatch.setattr(webhook_sends, "MOST_ADDRESSES", 2)
    for number in range(4):
        hear(database, single(another(send), 1, "accepted", webhook_url=f"https://{number}.example/"))
    assert {one["url"] for one in call("list_webhooks")["items"]} == {"https://0.example/", "https://1.example/"}
    with database.transaction() as session:
        trail = text("SELECT count(*) FROM outbox WHERE convert_from(body, 'UTF8') LIKE '%webhook_url.not_taken%'")
        assert session.scalar(trail) == 1, "told once, however many are not taken"
    for number in range(5):
        call("create_webhook", url=f"https://own{number}.example/", events=DELIVERED)

    ago = datetime.now(UTC) - timedelta(days=121)
    with database.transaction() as session:
        session.execute(text("UPDATE webhook_sends SET created_at = :ago"), {"ago": ago})
        session.execute(text("UPDATE webhooks SET created_at = :ago WHERE for_sends"), {"ago": ago})
    Upkeep(database, days=30).step()

    assert all(not one["for_sends"] for one in call("list_webhooks")["items"])
    hear(database, single(another(send), 1, "accepted", webhook_url="https://4.example/"))
    assert "https://4.example/" in {one["url"] for one in call("list_webhooks")["items"]}


def test_what_is_sent_ninety_days_after_it_was_handed_in_is_told_all_the_same(
    database: Database, call: Call, send: Send
) -> None:
    url = "https://send.example/"
    hear(database, single(send, 1, "accepted", webhook_url=url))
    handed_in = datetime.now(UTC) - timedelta(days=119)
    with database.transaction() as session:
        for table in ("webhook_sends", "webhooks"):
            session.execute(text(f"UPDATE {table} SET created_at = :at"), {"at": handed_in})

    Upkeep(database, days=30).step()
    hear(database, single(send, 1, "delivered"))

    assert (send.message_id(1), "message.delivered") in told(database)[url]


def test_an_address_that_is_being_named_does_not_go_out_of_use(database: Database, call: Call, send: Send) -> None:
    """Upkeep and the process that hears at the same moment."""
    url, later = "https://send.example/", another(send)
    hear(database, single(send, 1, "accepted", webhook_url=url))
    ago = datetime.now(UTC) - timedelta(days=200)
    with database.transaction() as session:
        session.execute(text("DELETE FROM webhook_sends"))
        session.execute(text("UPDATE webhooks SET created_at = :ago"), {"ago": ago})

    def hears(session: Session) -> None:
        webhook_spool.hear(session, {send.account_id: [single(later, 1, "accepted", webhook_url=url)]}, vault=VAULT)

    beside(database, hears, lambda session: webhook_sends.mark_unused(session, before=datetime.now(UTC)))

    assert [one["url"] for one in call("list_webhooks")["items"]] == [url]


def test_an_address_that_is_named_while_the_key_changes_is_signed_by_the_new_one(
    database: Database, call: Call, send: Send
) -> None:
    account_id = UUID(send.account_id)
    hear(database, single(send, 1, "accepted", webhook_url="https://first.example/"))

    def rotates(session: Session) -> None:
        webhook_sends.rotate_key(session, account_id, secret=b"new", until=datetime.now(UTC))

    def adds(session: Session) -> None:
        webhook_sends.add_webhooks(session, [(account_id, "https://second.example/")], {})

    beside(database, rotates, adds)

    with database.transaction() as session:
        assert set(session.scalars(text("SELECT secret FROM webhooks"))) == {b"new"}


def test_nothing_is_left_of_a_closed_account_and_nothing_comes(database: Database, send: Send) -> None:
    accepted = single(send, 1, "accepted", webhook_url="https://send.example/", submitter_id=KEY)
    hear(database, accepted)
    privacy.erase_account(database, account_id=UUID(send.account_id))
    hear(database, single(another(send), 1, "accepted", webhook_url="https://send.example/"))

    with database.transaction() as session:
        for table in ("webhooks", "webhook_sends", "webhook_events"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_a_send_is_told_to_its_address_signed_by_the_accounts_key(
    call: Call, process: RunningProcess, tell: Call, receiver: Receiver, send: Send
) -> None:
    first_key = call("rotate_webhook_key")
    assert first_key["previous_secret_until"] is None

    tell(single(send, 1, "accepted", webhook_url=receiver.url), single(send, 1, "delivered", 2))
    wait_until(lambda: len(receiver.events) == 2, what="both events")
    key = call("rotate_webhook_key", overlap_minutes=5)
    tell(single(send, 1, "opened", 3))
    wait_until(lambda: len(receiver.events) == 3, what="what came later")

    assert receiver.kinds() == ["message.accepted", "message.delivered", "message.opened"]
    assert receiver.events[0]["data"]["address"] == "ala1@example.com"
    request = receiver.requests[-1]
    for secret in (first_key["secret"], key["secret"]):
        assert Webhook(secret).verify(request.body.decode(), request.headers)
