"""What is told, written down by several at once, late and again: on the database alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from channel.providers.reported import Reported
from channel.reported_states import Due
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, wait_until
from contracts.errors import Conflict, Invalid
from contracts.events import OTT_ADDRESSES_REFUSED, OTT_STOPS_WITHDRAWN
from contracts.vocabulary import ERASED_ADDRESS, Engagement, MessageState
from ott_gateway.domain import codes
from ott_gateway.domain.told import AnswerTold, Told
from ott_gateway.outbound.directory import Directory
from ott_gateway.outbound.template_reader import TemplateReader
from ott_gateway.store import answers, senders
from ott_gateway.store.answers import Whose
from ott_gateway.store.ledger import OttLedger, apply_reports
from ott_gateway.usecases import answers as answers_usecases
from ott_gateway.usecases import senders as usecases

from .conftest import OPERATOR, Shop

ANNA = "+48600100200"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NewShop = Callable[[], Shop]


@pytest.fixture
def shop(new_shop: NewShop) -> Shop:
    return new_shop()


def said(what: str, second: int, kind: str = "text") -> AnswerTold:
    told = Told(uuid4(), "1")
    return AnswerTold(told, f"wamid.{uuid4()}", ANNA, kind, what, None, None, LONG_AGO.timestamp() + second)


def take(shop: Shop, *told: AnswerTold) -> None:
    with shop.database.transaction() as session:
        answers.take(cursor_of(session), [(one, Whose(shop.sender_id, shop.account_id)) for one in told])


def told_to_contacts(shop: Shop) -> list[tuple[str, float]]:
    """The events in order: which, and how many seconds into the test the person said it."""
    with shop.database.transaction() as session:
        rows = session.execute(text("SELECT routing_key, body FROM outbox ORDER BY position")).all()
    found = []
    for name, body in rows:
        event = json.loads(bytes(body))
        for one in event.get("addresses", ()) if event["account_id"] == str(shop.account_id) else ():
            at = datetime.fromisoformat(one["occurred_at"])
            found.append((name, (at - LONG_AGO).total_seconds()))
    return found


def stopped(shop: Shop) -> bool:
    return bool(shop.rows("SELECT 1 FROM stops WHERE account_id = :account"))


REFUSED, WITHDRAWN = OTT_ADDRESSES_REFUSED.name, OTT_STOPS_WITHDRAWN.name


def test_every_stop_is_told_to_contacts_also_of_who_has_said_it_before(shop: Shop) -> None:
    """Whoever was let in again by hand, or by a START that is told late, goes again."""
    take(shop, said("STOP", 0))
    take(shop, said("stop", 9), said("START", 5))

    assert told_to_contacts(shop) == [(REFUSED, 0), (REFUSED, 9), (WITHDRAWN, 5)]
    assert stopped(shop)


def test_who_tells_whatsapp_to_stop_again_is_told_again_and_who_is_erased_never(shop: Shop) -> None:
    def refused(address: str) -> Any:
        header = SimpleNamespace(account_id=str(shop.account_id))
        return SimpleNamespace(
            header=header, recipient={"address": address}, code=codes.code_of(codes.STOPPED_MARKETING)
        )

    for _ in range(2):
        with shop.database.transaction() as session:
            OttLedger().write_beside(cursor_of(session), [refused(ANNA), refused(ERASED_ADDRESS)])

    assert [name for name, _ in told_to_contacts(shop)] == [REFUSED, REFUSED]
    assert [row[0] for row in shop.rows("SELECT phone FROM stops WHERE account_id = :account")] == [ANNA]


@pytest.mark.parametrize("kind", ["button", "interactive"])
def test_a_tap_is_a_refusal_where_its_words_mean_nothing_else(shop: Shop, kind: str) -> None:
    take(shop, *(said(label, 0, kind) for label in ("Anuluj", "End", "Koniec")))
    assert not stopped(shop)
    take(shop, said("Stop promotions", 1, kind))
    assert stopped(shop)
    take(shop, said("Start", 2, kind))
    assert stopped(shop) and told_to_contacts(shop) == [(REFUSED, 1)]


def sent(shop: Shop) -> UUID:
    message_id = new_id()
    with shop.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, address, state) VALUES (:id, :account, :to, 'submitted')"
            ),
            {"id": message_id, "account": shop.account_id, "to": ANNA},
        )
    return message_id


@pytest.mark.parametrize("second", [MessageState.UNDELIVERED, MessageState.DELIVERED])
def test_of_two_processes_that_are_told_of_one_message_one_tells_its_end(shop: Shop, second: MessageState) -> None:
    message_id, now = sent(shop), datetime.now(UTC)

    def apply(told: Reported) -> list[Any]:
        with shop.database.transaction() as session:
            return apply_reports(cursor_of(session), [Due(shop.account_id, message_id, told)], now)

    read = Reported(MessageState.DELIVERED, now.timestamp(), None, now.timestamp())
    with ThreadPoolExecutor(1) as other:
        with shop.database.transaction() as session:
            first = apply_reports(cursor_of(session), [Due(shop.account_id, message_id, read)], now)
            late = other.submit(apply, Reported(second, now.timestamp(), None, read.read_at))
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted"
            wait_until(lambda: shop.rows(waits), what="the other to wait for this one")
        assert late.result(10) == []

    assert [event["kind"] for event in first] == [MessageState.DELIVERED, Engagement.OPENED]
    assert shop.rows("SELECT state FROM ledger WHERE account_id = :account") == [(MessageState.DELIVERED,)]


class Templates:
    """In the place of `Whatsapp`: what happens while it is asked."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.asked: list[str] = []
        self._meanwhile = meanwhile

    async def templates(self, account: Any) -> list[dict[str, Any]]:
        self.asked.append(account.phone_number_id)
        self._meanwhile()
        return []


def read_templates(database: Database, whatsapp: Templates) -> None:
    """Of all numbers that are due now, as the process does."""
    over: Iterator[bool] = iter([False, False, False, True])
    directory = Directory(database, Vault(SECRET_KEYS))
    reader = TemplateReader(database, directory, whatsapp, timedelta(hours=1), lambda: next(over))  # type: ignore[arg-type]
    asyncio.run(reader.run())


def due(shop: Shop) -> tuple[float, str | None]:
    """Minutes until they are read again, and the problem."""
    ((at, problem),) = shop.rows("SELECT templates_due_at, templates_problem FROM senders WHERE id = :sender")
    return (at - datetime.now(UTC)).total_seconds() / 60, problem


def test_a_number_whose_token_cannot_be_opened_stops_nobody_elses_templates(
    shop: Shop, new_shop: NewShop, database: Database
) -> None:
    other = new_shop()
    with database.transaction() as session:
        session.execute(
            text("UPDATE senders SET templates_due_at = NULL WHERE id <> ALL(:ids)"),
            {"ids": [shop.sender_id, other.sender_id]},
        )
        session.execute(
            text(
                "UPDATE senders SET access_token = 'gone', templates_due_at = now() - interval '1 hour' WHERE id = :id"
            ),
            {"id": shop.sender_id},
        )
    whatsapp = Templates(lambda: None)

    read_templates(database, whatsapp)

    assert whatsapp.asked == [other.number]
    assert 0 < due(shop)[0] <= 1 and due(shop)[1]
    assert due(other)[0] > 50


def test_a_change_that_is_told_during_a_reading_is_read_next(shop: Shop, database: Database) -> None:
    def tell() -> None:
        with database.transaction() as session:
            senders.want_templates(cursor_of(session), {shop.sender_id})

    with database.transaction() as session:
        session.execute(text("UPDATE senders SET templates_due_at = NULL WHERE id <> :id"), {"id": shop.sender_id})
    first = iter([tell])
    whatsapp = Templates(lambda: next(first, lambda: None)())

    read_templates(database, whatsapp)

    assert whatsapp.asked == [shop.number, shop.number]


def test_a_number_of_metas_is_active_in_one_account(shop: Shop, new_shop: NewShop, database: Database) -> None:
    other = new_shop()
    with pytest.raises(Conflict) as refused, database.transaction() as session:
        usecases.decide_sender(
            session, actor=OPERATOR, now=LONG_AGO, vault=Vault(SECRET_KEYS),
            whatsapp_sender_id=other.sender_id, decision="activate", reason="Test", phone_number_id=shop.number,
            business_account_id="1", access_token="a", app_secret="b", verify_token="c",
        )  # fmt: skip
    assert refused.value.code == "whatsapp_sender.number_taken"


@pytest.mark.parametrize(("name", "title"), [("mbank", "Sklep"), ("shop2", "Policja")])
def test_nobody_sends_as_the_police_or_a_bank(shop: Shop, database: Database, name: str, title: str) -> None:
    with pytest.raises(Invalid) as refused, database.transaction() as session:
        usecases.request_sender(session, actor=shop.actor, now=LONG_AGO, name=name, title=title, phone=ANNA)
    assert refused.value.errors[0]["code"] == "whatsapp_sender.protected"


def test_what_people_wrote_is_found_by_its_letters(shop: Shop, database: Database) -> None:
    take(shop, said("Gdzie jest PACZKA?", 0), said("100% taniej", 1), said("a_b", 2))

    def found(q: str) -> list[str]:
        with database.transaction() as session:
            asked: dict[str, Any] = {"actor": shop.actor, "now": LONG_AGO, "cursor": None, "limit": 10}
            return [one["text"] for one in answers_usecases.list_inbound(session, **asked, q=q)["items"]]

    assert (found("paczka"), found("0%"), found("_"), found("\0")) == (
        ["Gdzie jest PACZKA?"], ["100% taniej"], ["a_b"], ["a_b", "100% taniej", "Gdzie jest PACZKA?"],
    )  # fmt: skip
