"""The outbound process against a simulated Viber: who is written to, what is told of it, what happens on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from channel.testing import Heard
from chassis.database import cursor_of
from chassis.ids import new_id
from chassis.testing import RunningProcess, wait_until
from contracts.vocabulary import Lane
from viber_gateway.domain import buttons
from viber_gateway.store import subscribers
from viber_gateway.store.subscribers import Link, Turn
from viber_gateway.usecases import answers, privacy

from .conftest import Peer, Shop

pytestmark = pytest.mark.usefixtures("outbound")


@pytest.fixture(scope="module")
def outbound(launch_outbound: Callable[..., RunningProcess]) -> RunningProcess:
    """One for all tests here; each has a bot and people of its own."""
    return launch_outbound()


def test_a_message_goes_to_who_has_subscribed_and_what_becomes_of_it_is_told_once(
    viber: Peer, shop: Shop, heard: Heard
) -> None:
    """However often and in what order Viber tells; who has not subscribed is not asked for."""
    anna, anna_id = shop.subscriber()
    ola, ola_id = shop.subscriber()
    stranger = str(uuid4())
    viber.call("/settings", {"doubled": True, "reversed": True, "fails": {ola_id: "1"}})

    batch, (to_anna, to_ola, to_stranger) = shop.send([anna, ola, stranger])
    wait_until(lambda: batch in heard.done, what="the batch's end")
    wait_until(lambda: "opened" in heard.kinds(to_anna) and "undelivered" in heard.kinds(to_ola), what="the reports")

    (sent,) = viber.messages(anna_id)
    assert (sent["body"]["text"], sent["body"]["sender"]["name"]) == ("Hej Anna", "Shop")
    wait_until(lambda: not shop.rows("SELECT 1 FROM parked_reports"), what="the last of what came early")
    assert heard.kinds(to_anna) == ["delivered", "opened", "submitted"]
    assert heard.kinds(to_ola) == ["submitted", "undelivered"]
    assert heard.outcomes(stranger)[stranger]["code"] == "viber.no_subscriber"
    assert heard.kinds(to_stranger) == ["rejected"]


def test_who_says_no_in_viber_is_written_to_no_more_and_a_late_word_changes_nothing(
    viber: Peer, shop: Shop, heard: Heard
) -> None:
    anna, anna_id = shop.subscriber()
    came = shop.act(anna_id, "subscribed")
    shop.act(anna_id, "unsubscribed")
    wait_until(lambda: not shop.is_subscribed(anna), what="their leave")
    shop.tell(came)  # once more, late
    shop.subscriber()  # by whom the word before is known to have been taken
    assert not shop.is_subscribed(anna)

    batch, _ = shop.send([anna])
    wait_until(lambda: batch in heard.done and heard.outcomes(anna), what="the batch's end")

    assert heard.outcomes(anna)[anna]["code"] == "viber.no_subscriber"
    assert not viber.messages(anna_id)
    shop.act(anna_id, "message", text="Jestem znowu")
    wait_until(lambda: shop.is_subscribed(anna), what="their return")


def test_who_is_gone_at_viber_alone_is_found_out_and_not_asked_for_again(viber: Peer, shop: Shop, heard: Heard) -> None:
    anna, anna_id = shop.subscriber()
    viber.call("/settings", {"answers": {anna_id: "6"}})

    first, _ = shop.send([anna])
    wait_until(lambda: first in heard.done and not shop.is_subscribed(anna), what="what Viber says")

    assert heard.outcomes(anna)[anna]["code"] == "viber.6"
    (told,) = shop.rows("SELECT count(*) FROM subscribers WHERE sender_id = :sender AND NOT is_subscribed")
    assert told[0] == 1


def test_an_invitation_of_another_bot_or_made_up_is_nobodys(
    viber: Peer, shop: Shop, new_shop: Callable[[], Shop]
) -> None:
    other, contact_id = new_shop(), uuid4()
    for viber_id, context in (("a=", other.invitation(contact_id)), ("b=", "AAAA"), ("c=", "")):
        shop.act(viber_id, "conversation_started", context=context)
        shop.act(viber_id, "subscribed")
    known = "SELECT viber_id, contact_id FROM subscribers WHERE sender_id = :sender ORDER BY viber_id"
    wait_until(lambda: len(shop.rows(known)) == 3, what="the three of them")

    assert [row.contact_id for row in shop.rows(known)] == [None, None, None]


def test_a_throttle_and_a_lost_answer(viber: Peer, shop: Shop, heard: Heard) -> None:
    """What Viber sends away comes again; where nothing was heard a campaign's message is unknown, a single one is sent
    again."""
    anna, anna_id = shop.subscriber()
    ola, ola_id = shop.subscriber()
    viber.call("/settings", {"throttle": 1})
    batch, _ = shop.send([anna], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: len(viber.messages(anna_id)) == 1, what="the second try", timeout=30)
    viber.call("/settings", {"answers": {ola_id: "lost"}, "reads": False, "report_delay": 5.0})
    batch, _ = shop.send([ola])
    wait_until(lambda: batch in heard.done and heard.outcomes(ola), what="the end")

    assert heard.outcomes(ola)[ola]["kind"] == "unknown"
    assert len(viber.messages(ola_id)) == 1


def test_a_stop_that_is_heard_before_the_invitation_is_the_contacts(viber: Peer, shop: Shop, heard: Heard) -> None:
    """Viber tells of the invitation late; what they wrote before they opened it is found with them too."""
    contact_id, viber_id, now = uuid4(), f"{uuid4().hex[:20]}=", int(datetime.now(UTC).timestamp() * 1_000)

    def wrote(text: str, at: int) -> None:
        message = {"type": "text", "text": text}
        told = {"event": "message", "timestamp": at, "message_token": uuid4().int % 10**18}
        shop.tell({**told, "sender": {"id": viber_id}, "message": message})

    wrote("START", now - 9_000)
    wrote("STOP", now - 5_000)
    written = "SELECT 1 FROM inbound WHERE account_id = :account"
    wait_until(lambda: len(shop.rows(written)) == 2, what="what they wrote")
    opened = {"event": "conversation_started", "timestamp": now - 7_000, "user": {"id": viber_id}}
    shop.tell({**opened, "context": shop.invitation(contact_id)})
    wait_until(lambda: str(contact_id) in heard.addresses["addresses_refused"], what="the STOP")

    assert str(contact_id) not in heard.addresses["stops_withdrawn"]
    kept = shop.rows("SELECT contact_id, address, wish FROM inbound WHERE account_id = :account ORDER BY received_at")
    assert [tuple(row) for row in kept] == [(None, viber_id, "start"), (contact_id, str(contact_id), "stop")]
    asked: Any = {"actor": shop.actor, "now": datetime.now(UTC), "addresses": [str(contact_id)]}
    with shop.database.transaction() as session:
        shown = privacy.export_person(session, **asked, cursor=None, limit=10)["items"]
    assert [one["kind"] for one in shown] == ["answer", "answer", "subscription"]
    privacy.erase_person(shop.database, **asked, erased_at=asked["now"], dry_run=False)
    assert not shop.rows(written)


def test_of_two_ids_of_one_contact_that_go_at_once_the_second_is_told_with_the_first(shop: Shop) -> None:
    contact_id, came = uuid4(), datetime.now(UTC) - timedelta(minutes=1)

    def go(session: Any, viber_id: str) -> list[Any]:
        """What is told of it, newest first."""
        gone = Turn(shop.sender_id, viber_id, shop.account_id, False, datetime.now(UTC))
        subscribers.follow(cursor_of(session), [], [gone])
        bodies = (
            "SELECT body FROM outbox WHERE position(convert_to(:contact, 'UTF8') IN body) > 0 ORDER BY position DESC"
        )
        return [orjson.loads(bytes(body)) for body in session.scalars(text(bodies), {"contact": str(contact_id)})]

    def go_alone(viber_id: str) -> list[Any]:
        with shop.database.transaction() as session:
            return go(session, viber_id)

    with shop.database.transaction() as session:
        links = [Link(shop.sender_id, one, shop.account_id, contact_id, came) for one in ("a=", "b=")]
        turns = [Turn(shop.sender_id, one, shop.account_id, True, came) for one in ("a=", "b=")]
        subscribers.follow(cursor_of(session), links, turns)
    waits = (
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objsubid = 2"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with ThreadPoolExecutor(1) as others:
        with shop.database.transaction() as session:
            first = go(session, "a=")[0]
            other = others.submit(go_alone, "b=")
            wait_until(lambda: shop.rows(waits), what="the second waits for the first")
        second = other.result(10)[0]

    assert [one["people"][0]["is_reachable"] for one in (first, second)] == [True, False]
    told_at = [datetime.fromisoformat(one["occurred_at"]) for one in (first, second)]
    assert told_at[0] < told_at[1]


def test_a_tap_and_a_stop_are_of_the_message_that_they_answer(viber: Peer, shop: Shop, heard: Heard) -> None:
    anna, anna_id = shop.subscriber()
    _, (message_id,) = shop.send([anna])
    wait_until(lambda: "delivered" in heard.kinds(message_id), what="the message")
    tap = shop.act(anna_id, "message", text=buttons.carried(message_id, "Tak", "yes"))
    shop.tell(tap)  # twice
    shop.act(anna_id, "message", text="STOP", tracking_data=message_id)
    wait_until(lambda: anna in heard.addresses["addresses_refused"], what="the STOP")
    wait_until(lambda: "unsubscribed" in heard.kinds(message_id), what="the unsubscription")

    assert heard.kinds(message_id).count("clicked") == 1
    with shop.database.transaction() as session:
        now = datetime.now(UTC)
        page = answers.list_inbound(session, actor=shop.actor, now=now, cursor=None, limit=10)["items"]
        found = answers.list_inbound(session, actor=shop.actor, now=now, cursor=None, limit=10, q="sto")["items"]
    assert [(one["kind"], one["text"], one["payload"], one["wish"]) for one in page] == [
        ("text", "STOP", None, "stop"), ("tap", "Tak", "yes", None),
    ]  # fmt: skip
    assert [one["text"] for one in found] == ["STOP"] and {str(one["message_id"]) for one in page} == {message_id}
    shop.act(anna_id, "message", text="START")
    wait_until(lambda: anna in heard.addresses["stops_withdrawn"], what="the START")


def test_an_answer_to_somebody_elses_message_answers_none(viber: Peer, shop: Shop, heard: Heard) -> None:
    """What comes back with an answer the person's telephone says."""
    anna, _ = shop.subscriber()
    ola, ola_id = shop.subscriber()
    _, (to_anna,) = shop.send([anna])
    wait_until(lambda: "delivered" in heard.kinds(to_anna), what="the message")
    shop.act(ola_id, "message", text="STOP", tracking_data=to_anna)
    wait_until(lambda: ola in heard.addresses["addresses_refused"], what="the STOP")

    assert "unsubscribed" not in heard.kinds(to_anna)


def test_rubbish_at_a_hook_stops_nothing(viber: Peer, shop: Shop) -> None:
    for document in ([], {"event": 7}, {"event": "message"}, {"event": "delivered", "message_token": "x" * 50}, None):
        shop.tell(document)  # type: ignore[arg-type]
    shop.subscriber()


def test_a_person_is_shown_and_forgotten_with_what_they_wrote_and_viber_s_ids(viber: Peer, shop: Shop) -> None:
    anna, anna_id = shop.subscriber()
    ola, _ = shop.subscriber()
    shop.act(anna_id, "message", text="Mieszkam przy Długiej 7")
    wait_until(lambda: shop.rows("SELECT 1 FROM inbound WHERE account_id = :account"), what="what she wrote")
    now = datetime.now(UTC) + timedelta(seconds=5)
    asked: Any = {"actor": shop.actor, "now": now, "addresses": [anna]}

    with shop.database.transaction() as session:
        shown = privacy.export_person(session, **asked, cursor=None, limit=10)["items"]
    assert {one["kind"] for one in shown} == {"answer", "subscription"}
    json.dumps([one["record"] for one in shown], default=str)

    def is_erased() -> bool:
        """As contacts asks: again, while anything of the account may still be under way."""
        return not privacy.erase_person(shop.database, **asked, erased_at=now, dry_run=False)["waiting"]

    wait_until(is_erased, what="the erasure")

    with shop.database.transaction() as session:
        assert not privacy.export_person(session, **asked, cursor=None, limit=10)["items"]
    assert shop.is_subscribed(ola)


def test_what_is_told_before_a_message_is_written_down_finds_it_later(shop: Shop) -> None:
    token, message_id = uuid4().int % 10**18, new_id()
    shop.tell({"event": "seen", "timestamp": 1, "message_token": token, "user_id": "u="})
    wait_until(lambda: shop.rows("SELECT 1 FROM parked_reports WHERE account_id = :account"), what="the parking")
    with shop.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, address, state, token)"
                " VALUES (:id, :account, 'x', 'submitted', :token)"
            ),
            {"id": message_id, "account": shop.account_id, "token": UUID(int=token)},
        )
    state = "SELECT 1 FROM ledger WHERE account_id = :account AND state = 'delivered' AND read_at IS NOT NULL"
    wait_until(lambda: shop.rows(state), what="the report", timeout=30)
