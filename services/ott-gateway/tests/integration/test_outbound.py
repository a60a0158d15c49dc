"""The outbound process against a simulated WhatsApp: what leaves, what is told of it, and what happens on the way."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from channel.testing import Heard
from chassis.ids import new_id
from chassis.testing import RunningProcess, wait_until
from contracts.vocabulary import Lane
from ott_gateway.store import answers as store
from ott_gateway.usecases import answers, privacy

from .conftest import Peer, Shop

pytestmark = pytest.mark.usefixtures("outbound")


@pytest.fixture(scope="module")
def outbound(launch_outbound: Callable[..., RunningProcess]) -> RunningProcess:
    """One for all tests here; each has a number and phones of its own."""
    return launch_outbound()


def phones(count: int) -> list[str]:
    return [f"+4860{secrets.randbelow(10**8):08d}" for _ in range(count)]


def test_a_template_goes_to_everybody_and_what_becomes_of_it_is_told_once(
    whatsapp: Peer, shop: Shop, heard: Heard
) -> None:
    """However often, late and in what order WhatsApp tells."""
    anna, ola = phones(2)
    whatsapp.call("/settings", {"doubled": True, "reversed": True, "fails": {ola: "131026"}})

    batch, (to_anna, to_ola) = shop.send([anna, ola])
    wait_until(lambda: batch in heard.done, what="the batch's end")
    wait_until(lambda: "opened" in heard.kinds(to_anna) and "undelivered" in heard.kinds(to_ola), what="the reports")

    assert heard.done[batch]["submitted"] == 2
    (sent,) = whatsapp.messages(anna)
    assert sent["body"]["template"]["components"][0]["parameters"] == [{"type": "text", "text": "12"}]
    wait_until(lambda: not shop.rows("SELECT 1 FROM parked_reports"), what="the last of what came early")
    assert heard.kinds(to_anna) == ["delivered", "opened", "submitted"]
    assert heard.kinds(to_ola) == ["submitted", "undelivered"]
    states = dict(shop.rows("SELECT address, state FROM ledger WHERE account_id = :account"))
    assert states == {anna: "delivered", ola: "undelivered"}


def test_a_text_goes_only_to_who_has_written_to_the_number(whatsapp: Peer, shop: Shop, heard: Heard) -> None:
    anna, ola = phones(2)
    whatsapp.call("/inbound", {"number": shop.number, "from": anna, "text": "Dzień dobry"})
    wait_until(lambda: shop.rows("SELECT 1 FROM windows WHERE sender_id = :sender"), what="the window")

    batch, (to_anna, _) = shop.send([anna, ola], by="text")
    wait_until(lambda: batch in heard.done and len(heard.outcomes(anna, ola)) == 2, what="the batch's end")

    (sent,) = whatsapp.messages(anna, ola)
    assert (sent["to"], sent["body"]["text"]["body"]) == (anna, "Hej Anna"), "nobody is asked for the other"
    assert heard.outcomes(ola)[ola]["code"] == "whatsapp.131047"
    # A tap on a button of it is told once, however often WhatsApp does.
    tap = {"number": shop.number, "from": anna, "button": "Tak", "payload": "yes", "answers": sent["wamid"]}
    for _ in range(2):
        whatsapp.call("/inbound", {**tap, "wamid": "wamid.tap"})
    wait_until(lambda: "clicked" in heard.kinds(to_anna), what="the tap")
    assert heard.kinds(to_anna).count("clicked") == 1


def test_each_answer_becomes_what_it_means(whatsapp: Peer, shop: Shop, heard: Heard) -> None:
    wanted = {
        "131026": "rejected", "132015": "rejected", "131056": "deferred", "131000": "deferred", "lost": "unknown",
        "garbage": "unknown", "502": "unknown", "131050": "rejected",
    }  # fmt: skip
    words = dict(zip(phones(len(wanted)), wanted, strict=True))
    whatsapp.call("/settings", {"answers": words, "report_delay": 30.0})

    batch, _ = shop.send(list(words))
    wait_until(lambda: batch in heard.done and len(heard.outcomes(*words)) == len(words), what="the batch's end")

    assert {words[phone]: event["kind"] for phone, event in heard.outcomes(*words).items()} == wanted
    stopped = next(phone for phone, word in words.items() if word == "131050")
    wait_until(lambda: stopped in heard.addresses["addresses_refused"], what="who has told WhatsApp to stop")


def test_a_lost_answer_is_mended_by_what_is_told_later(whatsapp: Peer, shop: Shop, heard: Heard) -> None:
    """A campaign's message is not sent again, and a single one neither where WhatsApp shows that it has it."""
    anna, ola = phones(2)
    whatsapp.call("/settings", {"answers": {anna: "lost", ola: "lost"}})

    _, (bulk,) = shop.send([anna])
    _, (single,) = shop.send([ola], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: "opened" in heard.kinds(bulk) and "opened" in heard.kinds(single), what="what is told later")

    assert heard.kinds(bulk) == ["delivered", "opened", "unknown"]
    assert Counter(one["to"] for one in whatsapp.messages(anna, ola)) == {anna: 1, ola: 1}
    assert not shop.rows("SELECT 1 FROM retries WHERE account_id = :account")


def test_a_number_that_is_throttled_goes_on_and_nobody_gets_it_twice(whatsapp: Peer, shop: Shop, heard: Heard) -> None:
    people = phones(3)
    whatsapp.call("/settings", {"throttle": 1_000_000})
    _, ids = shop.send(people)
    wait_until(lambda: len(heard.outcomes(*people)) == 3, what="the throttle")
    whatsapp.call("/settings", {"throttle": 0})

    wait_until(lambda: all("delivered" in heard.kinds(one) for one in ids), what="everybody's", timeout=60)
    assert Counter(one["to"] for one in whatsapp.messages(*people)) == dict.fromkeys(people, 1)


def test_stop_holds_for_what_is_on_its_way_and_start_takes_it_back(whatsapp: Peer, shop: Shop, heard: Heard) -> None:
    anna, ola = phones(2)
    send_id = new_id()  # of a campaign that began before
    for _ in range(2):  # told twice
        shop.tell_text(anna, "STOP", "wamid.stop")
    wait_until(lambda: anna in heard.addresses["addresses_refused"], what="the STOP")

    batch, (to_anna, _) = shop.send([anna, ola], send_id=send_id)
    wait_until(lambda: batch in heard.done, what="the batch's end")
    assert [one["to"] for one in whatsapp.messages(anna, ola)] == [ola]
    shop.tell_text(anna, "START", "wamid.start", context={"id": "wamid.nobody-knows"})
    wait_until(lambda: anna in heard.addresses["stops_withdrawn"], what="the START")

    assert heard.addresses["addresses_refused"].count(anna) == 1
    wait_until(lambda: "rejected" in heard.kinds(to_anna), what="the refusal")
    wishes = shop.rows("SELECT wish FROM inbound WHERE account_id = :account ORDER BY id")
    assert [row[0] for row in wishes] == ["stop", "start"]


def test_nobody_tells_of_another_accounts_messages(
    whatsapp: Peer, shop: Shop, new_shop: Callable[[], Shop], heard: Heard
) -> None:
    stranger, (anna,) = new_shop(), phones(1)
    whatsapp.call("/settings", {"report_delay": 30.0})
    batch, (message,) = shop.send([anna])
    wait_until(lambda: batch in heard.done, what="the batch's end")

    stranger.tell_status(message, "failed", errors=[{"code": 131026}])
    stranger.tell({"statuses": [{"status": "failed", "biz_opaque_callback_data": message}]}, number=shop.number)
    shop.tell_status(message, "delivered")
    wait_until(lambda: "delivered" in heard.kinds(message), what="the delivery")

    assert heard.kinds(message) == ["delivered", "submitted"]


def test_templates_are_read_when_whatsapp_tells_of_them_and_one_that_is_paused_sends_nothing(
    whatsapp: Peer, shop: Shop, heard: Heard
) -> None:
    def template(name: str, status: str) -> dict[str, object]:
        return {"name": name, "language": "pl", "status": status, "components": [{"type": "BODY", "text": "{{1}}"}]}

    (anna,) = phones(1)
    many = [template(f"t{number}", "APPROVED") for number in range(450)]
    whatsapp.call("/templates", {shop.number: [*many, template("parcel_here", "PAUSED")]})
    shop.tell_of_templates()
    count = "SELECT count(*) FROM templates WHERE sender_id = :sender"
    wait_until(lambda: shop.rows(count)[0][0] == 451, what="three pages of templates")

    batch, _ = shop.send([anna])
    wait_until(lambda: batch in heard.done and heard.outcomes(anna), what="the batch's end")

    assert heard.outcomes(anna)[anna]["code"] == "whatsapp.template_not_approved"
    assert whatsapp.messages(anna) == []


def test_a_person_is_forgotten_with_what_they_wrote(whatsapp: Peer, shop: Shop) -> None:
    anna, ola = phones(2)
    for phone in (anna, ola):
        shop.tell_text(phone, "Hej", f"wamid.{phone}")
    wait_until(lambda: len(shop.rows("SELECT 1 FROM inbound WHERE account_id = :account")) == 2, what="what they wrote")
    asked: dict[str, Any] = {"now": datetime.now(UTC), "addresses": [anna], "erased_at": datetime.now(UTC)}

    dry = privacy.erase_person(shop.database, actor=shop.actor, **asked, dry_run=True)
    stranger: Any = {"account_id": str(uuid4())}
    privacy.erase_person(shop.database, actor=stranger, **asked, dry_run=False)
    done = privacy.erase_person(shop.database, actor=shop.actor, **asked, dry_run=False)

    assert (dry["counts"]["answers"], done["counts"]["answers"]) == (1, 1)
    with shop.database.transaction() as session:
        page = answers.list_inbound(session, actor=shop.actor, now=datetime.now(UTC), cursor=None, limit=10)
        nobody = answers.list_inbound(session, actor=stranger, now=datetime.now(UTC), cursor=None, limit=10)
    assert [one["from"] for one in page["items"]] == [ola] and nobody["items"] == []
    assert [row[0] for row in shop.rows("SELECT phone FROM windows WHERE account_id = :account")] == [ola]


def test_what_is_over_is_forgotten_and_nothing_else(whatsapp: Peer, shop: Shop) -> None:
    (anna,) = phones(1)
    shop.tell_text(anna, "Hej", f"wamid.{anna}")
    wait_until(lambda: shop.rows("SELECT 1 FROM inbound WHERE account_id = :account"), what="what she wrote")

    for days, windows, written in ((0, 1, 1), (2, 0, 1), (91, 0, 0)):
        with shop.database.transaction() as session:
            store.forget_closed(session, datetime.now(UTC) + timedelta(days=days))
            store.INBOX.sweep(session, datetime.now(UTC) + timedelta(days=days))
        assert len(shop.rows("SELECT 1 FROM windows WHERE account_id = :account")) == windows
        assert len(shop.rows("SELECT 1 FROM inbound WHERE account_id = :account")) == written
