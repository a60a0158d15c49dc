"""The log is searched: other spellings, parts, names of campaigns; page by page to the end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.database import Database
from contracts.vocabulary import Channel, MessageState
from reporting.ingester.writing import Ingest
from reporting.store import labels, search
from reporting.usecases import campaigns, messages

from ..factories import Send


@pytest.fixture
def sends(database: Database) -> tuple[Send, Send]:
    """An e-mail campaign of twelve from „Księgarnia Łódź”, and an SMS campaign of three, of one account."""
    mails = Send("email")
    texts = Send("sms", account_id=mails.account_id)
    for send, name in ((mails, "Zima w Łodzi"), (texts, "Zima: przypomnienie")):
        started = {
            "campaign_id": send.campaign_id,
            "account_id": send.account_id,
            "send_id": send.send_id,
            "name": name,
        }
        with database.transaction() as session:
            campaigns.record_campaign_start(
                session,
                {
                    **started,
                    "name": name,
                    "channel": Channel(send.channel),
                    "recipients": 12,
                    "occurred_at": datetime.now(UTC),
                },
            )
    of_mails = [mails.full(number, "delivered") | {"sender": "Księgarnia ŁÓDŹ"} for number in range(12)]
    Ingest(database).write([of_mails, [texts.full(number, "submitted") for number in range(3)]])
    return mails, texts


def pages(database: Database, account_id: str, limit: int = 100, **asked: Any) -> list[list[str]]:
    """Ids of every page, one after another."""
    found: list[list[str]] = []
    cursor = None
    while not found or cursor is not None:
        with database.transaction() as session:
            actor: Any = {"account_id": account_id}
            page = messages.list_messages(
                session, actor=actor, now=datetime.now(UTC), limit=limit, cursor=cursor, **asked
            )
        found.append([str(item["id"]) for item in page["items"]])
        cursor = page["next_cursor"]
        assert len(found) < 50
    return found


def found(database: Database, send: Send, **asked: Any) -> int:
    return sum(map(len, pages(database, send.account_id, **asked)))


def test_an_address_is_found_in_other_spellings(database: Database, sends: tuple[Send, Send]) -> None:
    mails, texts = sends

    assert found(database, mails, address="Ala3@EXAMPLE.com") == 1
    assert found(database, texts, address="500-100 001") == found(database, texts, address="0048 50010 0001") == 1
    assert found(database, mails, address="ala3") == 0


def test_parts_of_addresses_and_senders_are_found_whatever_their_capitals(
    database: Database, sends: tuple[Send, Send]
) -> None:
    mails, texts = sends

    assert found(database, mails, q="ALA1") == 3  # 1, 10, 11
    assert found(database, mails, q="10 0002") == 1
    assert found(database, mails, q="łódź") == 12
    assert found(database, mails, q="ala1", campaign_id=UUID(texts.campaign_id)) == 0
    assert found(database, mails, q="wici", channel=Channel.SMS) == 3
    assert found(database, mails, q="100%_") == 0


def test_messages_are_found_by_a_part_of_their_campaigns_name(database: Database, sends: tuple[Send, Send]) -> None:
    mails, texts = sends

    assert found(database, mails, campaign_name="ZIMA") == 15
    assert found(database, mails, campaign_name="łodzi") == 12
    assert found(database, mails, campaign_name="przypo", q="0001") == 1
    assert found(database, mails, campaign_name="łodzi", campaign_id=UUID(texts.campaign_id)) == 0
    assert found(database, mails, campaign_name="lato") == 0


@pytest.mark.parametrize(("looked_at", "first_look", "limit"), [(1, 1, 2), (5, 3, 100), (100, 2, 2), (100, 100, 100)])
@pytest.mark.parametrize("among", ["everything", "campaigns"])
@pytest.mark.parametrize("wanted", ["part", "state"])
def test_a_search_goes_on_to_the_end_and_shows_each_once(
    database: Database,
    sends: tuple[Send, Send],
    monkeypatch: pytest.MonkeyPatch,
    looked_at: int,
    first_look: int,
    limit: int,
    among: str,
    wanted: str,
) -> None:
    mails, _texts = sends
    monkeypatch.setattr(search, "LOOKED_AT", looked_at)
    monkeypatch.setattr(search, "FIRST_LOOK", first_look)
    asked: dict[str, Any] = {"q": "ala1"} if wanted == "part" else {"state": MessageState.DELIVERED}
    if wanted == "state":
        others = (number for number in range(12) if number not in (1, 10, 11))
        Ingest(database).write([[mails.full(number, "hard_bounced") for number in others]])
    asked |= {"campaign_name": "zima"} if among == "campaigns" else {}

    shown = [one for page in pages(database, mails.account_id, limit, **asked) for one in page]

    assert shown == [mails.message_id(number) for number in (11, 10, 1)]


def test_a_campaign_is_not_looked_through_for_a_state_that_none_is_in(
    database: Database, sends: tuple[Send, Send], monkeypatch: pytest.MonkeyPatch
) -> None:
    mails, texts = sends
    monkeypatch.setattr(search, "LOOKED_AT", 2)

    submitted = {"state": MessageState.SUBMITTED}
    assert pages(database, mails.account_id, campaign_id=UUID(mails.campaign_id), **submitted) == [[]]
    assert found(database, texts, campaign_id=UUID(texts.campaign_id), **submitted) == 3
    assert found(database, mails, campaign_id=UUID(mails.campaign_id), state=MessageState.DELIVERED) == 12


def test_another_account_finds_nothing(database: Database, sends: tuple[Send, Send]) -> None:
    stranger = str(uuid4())

    for asked in ({"q": "ala"}, {"campaign_name": "zima"}, {"address": "ala3@example.com"}):
        assert pages(database, stranger, **asked) == [[]]


def test_single_messages_are_found_by_what_their_sender_called_them(database: Database) -> None:
    send, others = Send("email"), Send("email")
    told: dict[str, Any] = {"external_id": "zam/7", "subject": "Zamówienie  ŁÓDŹ", "tags": ["orders", "winter"]}
    told |= {"test_of": others.campaign_id}
    events = [
        {**send.full(number, "accepted"), "campaign_id": None, "labels": {**told, "external_id": f"zam/{number}"}}
        for number in range(3)
    ]
    of_others = {**others.full(1, "accepted"), "campaign_id": None, "labels": told}
    # Whichever comes first: what became of a message, or that it was accepted.
    done = {**send.full(1, "delivered"), "campaign_id": None}
    for _again in range(2):
        Ingest(database).write([[done], [dict(event) for event in events], [dict(of_others)]])

    def found(**asked: Any) -> list[list[str]]:
        return pages(database, send.account_id, **asked)

    newest_first = [send.message_id(number) for number in (2, 1, 0)]
    assert found(external_id="zam/1") == [[send.message_id(1)]]
    assert found(tag="winter", limit=2) == [newest_first[:2], newest_first[2:]]
    assert found(subject="zamówienie łódź") == [newest_first]
    assert found(subject="zamówienie łódź", tag="orders", external_id="zam/2") == [newest_first[:1]]
    assert found(tag="orders", external_id="zam/9") == [[]]
    assert found(tag="orders", state=MessageState.DELIVERED) == [[send.message_id(1)]]
    assert found(tag="Orders") == [[]]
    assert found(test_of=UUID(others.campaign_id)) == [newest_first] and found(test_of=uuid4()) == [[]]


def test_a_page_of_a_label_looks_at_so_many_and_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "LOOKED_AT", 2)
    send = Send("email")
    events = [{**send.full(number, "accepted"), "campaign_id": None, "labels": {"tags": ["t"]}} for number in range(5)]
    Ingest(database).write([events, [{**send.full(0, "delivered"), "campaign_id": None}]])

    assert pages(database, send.account_id, tag="t", state=MessageState.DELIVERED) == [[], [], [send.message_id(0)]]
