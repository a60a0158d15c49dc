"""What accounts answer by themselves: the first STOP of a person, and keywords."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from phones import NUMBER, PHONE, answer, owned, recorded, rows, sent

from channel import stop_sayers
from channel.single_sends import SingleSends
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts import events
from contracts.errors import Conflict, Invalid, Unavailable, WiciError
from contracts.vocabulary import KeywordMatch
from sms_gateway.store import replies
from sms_gateway.usecases import keywords, messages
from sms_gateway.usecases.replies import send_replies

BYE = "Nie napiszemy wiecej."
NOW = datetime.now(UTC)


class Plenty:
    """The account's quota."""

    def __init__(self, database: Database, error: WiciError | None = None) -> None:
        self._database, self.error = database, error

    def extend(self, account_id: UUID, units: int) -> None:
        if self.error is not None:
            raise self.error
        rows(
            self._database,
            "INSERT INTO quota_leases (account_id, reservation_id, granted) VALUES (:account, :id, :units) RETURNING 1",
            account=account_id, id=new_id(), units=units + 100,
        )  # fmt: skip


@pytest.fixture
def account_id(database: Database) -> UUID:
    made = new_id()
    owned(database, made)
    sent(database, made)
    return made


def confirms(database: Database, account_id: UUID, enabled: bool = True) -> None:
    with database.transaction() as session:
        actor: Any = {"account_id": str(account_id)}
        keywords.set_stop_confirmation(session, actor=actor, now=NOW, enabled=enabled, text=BYE)


def keyword(database: Database, account_id: UUID, word: str, **more: Any) -> Any:
    settings: dict[str, Any] = {
        "keyword": word, "match": KeywordMatch.BEGINNING, "number": None, "answer": f"{word}!", "group_id": None,
        "grants_consent": False, "enabled": True, **more,
    }  # fmt: skip
    with database.transaction() as session:
        actor: Any = {"account_id": str(account_id)}
        return keywords.create_sms_keyword(session, actor=actor, now=NOW, **settings)


def due(database: Database) -> list[str]:
    return [one["text"] for event in recorded(database, events.SMS_REPLIES_DUE) for one in event["replies"]]


def test_a_stop_is_confirmed_once_until_the_person_says_start(database: Database, account_id: UUID) -> None:
    confirms(database, account_id)
    answer(database, "STOP", "stop!")
    answer(database, "STOP")
    assert due(database) == [BYE]
    (reply,) = recorded(database, events.SMS_REPLIES_DUE)[0]["replies"]
    assert (reply["phone"], reply["number"]) == (PHONE, NUMBER[1:])

    answer(database, "START")
    answer(database, "STOP")
    answer(database, "STOP")
    assert due(database) == [BYE] * 2


def test_each_account_that_the_person_stops_confirms_as_it_has_set(database: Database, account_id: UUID) -> None:
    other, silent = new_id(), new_id()
    for each in (other, silent):
        owned(database, each)
        sent(database, each)
    confirms(database, account_id)
    confirms(database, other)
    confirms(database, silent, enabled=False)
    answer(database, "STOP")
    told = {event["account_id"] for event in recorded(database, events.SMS_REPLIES_DUE)}
    assert told == {str(account_id), str(other)}


def test_two_processes_that_get_the_same_stop_confirm_it_once(database: Database, account_id: UUID) -> None:
    """The first has not committed when the second comes: it waits, and is no first one any more."""
    said = [(account_id, PHONE, NOW)]
    with database.transaction() as session:
        assert stop_sayers.remember(cursor_of(session), said) == {(account_id, PHONE)}
    with database.transaction() as session:
        assert stop_sayers.remember(cursor_of(session), said) == set()
        stop_sayers.take_back(cursor_of(session), [(account_id, PHONE, datetime.now(UTC))])
        assert stop_sayers.remember(cursor_of(session), said) == {(account_id, PHONE)}


def test_a_keyword_is_answered_and_brings_the_person_into_its_group(database: Database, account_id: UUID) -> None:
    group_id = new_id()
    keyword(database, account_id, "KLUB", group_id=group_id, grants_consent=True)
    keyword(database, account_id, "cicho", answer=None, group_id=group_id)
    keyword(database, new_id(), "KLUB", answer="Cudze")
    keyword(database, account_id, "wylaczone", enabled=False)
    answer(database, "klub!", "Dzień dobry", "wyłączone", "CICHO")
    answer(database, "klub", source="+48600100201")  # who was never written to, of a number that is the account's alone

    assert due(database) == ["KLUB!"] * 2
    told = [one for event in recorded(database, events.SMS_KEYWORDS_WRITTEN) for one in event["people"]]
    assert [(one["phone"], one["keyword"], one["grants_consent"]) for one in told] == [
        (PHONE, "klub", True), (PHONE, "cicho", False), ("+48600100201", "klub", True)
    ]  # fmt: skip
    assert {one["group_id"] for one in told} == {str(group_id)}


def test_two_automata_that_answer_each_other_stop(database: Database, account_id: UUID) -> None:
    for word in "abcdefgh":
        keyword(database, account_id, word * 2)
    for word in "abcdefgh":
        answer(database, word * 2)
    assert len(due(database)) == replies.MOST
    answer(database, "aa", source="+48600100201")
    assert len(due(database)) == replies.MOST + 1
    rows(database, "UPDATE inbound_replies SET made_at = made_at - interval '61 minutes' RETURNING 1")
    answer(database, "aa")
    assert len(due(database)) == replies.MOST + 2


def test_a_stop_is_confirmed_however_much_was_answered(database: Database, account_id: UUID) -> None:
    confirms(database, account_id)
    for word in "abcde":
        keyword(database, account_id, word * 2)
        answer(database, word * 2)
    answer(database, "STOP")
    assert due(database)[-1] == BYE and len(due(database)) == replies.MOST + 1


def test_confirmations_of_stops_take_no_keyword_its_answer(database: Database, account_id: UUID) -> None:
    confirms(database, account_id)
    keyword(database, account_id, "info")
    for _ in range(replies.MOST):
        answer(database, "STOP")
        rows(database, "DELETE FROM stops RETURNING 1")
    answer(database, "info")
    assert due(database)[-1] == "info!"


def test_a_reply_that_cannot_be_sent_takes_no_other_with_it(database: Database, account_id: UUID) -> None:
    keyword(database, account_id, "info")
    answer(database, "info")
    (event,) = recorded(database, events.SMS_REPLIES_DUE)
    (good,) = events.SMS_REPLIES_DUE.schema().load(event)["replies"]
    blank = {**good, "inbound_id": new_id(), "text": "  "}
    sends = SingleSends(database, Plenty(database), messages.storing(lambda: NOW))
    send_replies(database, sends, now=NOW, due={"account_id": account_id, "replies": [blank, good]})
    assert rows(database, "SELECT address FROM ledger") == [(PHONE,)]


def test_a_message_that_the_carrier_delivers_again_is_answered_once(database: Database, account_id: UUID) -> None:
    keyword(database, account_id, "info")
    answer(database, "Info", "Info")
    answer(database, "Info")
    assert len(due(database)) == 1
    rows(database, "UPDATE inbound_replies SET made_at = made_at - interval '61 seconds' RETURNING 1")
    answer(database, "Info")
    assert len(due(database)) == 2


def test_nobody_is_answered_who_is_no_phone(database: Database, account_id: UUID) -> None:
    keyword(database, account_id, "info")
    confirms(database, account_id)
    answer(database, "info", "STOP", source="7055")
    assert due(database) == []


def test_a_reply_is_sent_once_from_the_number_and_in_the_quota(database: Database, account_id: UUID) -> None:
    keyword(database, account_id, "info")
    answer(database, "info")
    (event,) = recorded(database, events.SMS_REPLIES_DUE)
    loaded = events.SMS_REPLIES_DUE.schema().load(event)
    quota = Plenty(database, Unavailable("quota.busy", "Busy"))
    sends = SingleSends(database, quota, messages.storing(lambda: NOW))
    with pytest.raises(Unavailable):
        send_replies(database, sends, now=NOW, due=loaded)
    quota.error = None
    for _ in range(2):
        send_replies(database, sends, now=NOW, due=loaded)

    ((message_id, address, parts),) = rows(database, "SELECT message_id, address, parts FROM ledger")
    assert (address, parts) == (PHONE, 1)
    assert rows(database, "SELECT message_id FROM inbound_replies") == [(message_id,)]
    assert rows(database, "SELECT sender, content ->> 'text' FROM contents") == [(NUMBER, "info!")]

    rows(database, "UPDATE sender_ids SET state = 'revoked' RETURNING 1")
    send_replies(
        database, sends, now=NOW, due={**loaded, "replies": [{**loaded["replies"][0], "inbound_id": new_id()}]}
    )
    assert len(rows(database, "SELECT 1 FROM ledger")) == 1


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"keyword": "!!!"}, "keyword.invalid"), ({"keyword": "Stop"}, "keyword.reserved"),
        ({"keyword": "START"}, "keyword.reserved"), ({"answer": None}, "keyword.without_effect"),
        ({"number": "+48500000002"}, "sender.not_active"), ({"answer": " \n"}, "text.empty"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_keyword_is_refused(
    database: Database, account_id: UUID, settings: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        keyword(database, account_id, settings.pop("keyword", "klub"), **settings)
    assert refused.value.errors[0]["code"] == code


def test_keywords_are_listed_changed_and_deleted_and_each_is_there_once(database: Database, account_id: UUID) -> None:
    actor: Any = {"account_id": str(account_id)}
    made = keyword(database, account_id, "Klub", number="0048500000001")
    assert made["number"] == NUMBER[1:]
    other = keyword(database, account_id, "KLUB")
    with pytest.raises(Conflict, match="already"):
        keyword(database, account_id, "klub!")
    with pytest.raises(Conflict):
        with database.transaction() as session:
            keywords.update_sms_keyword(session, actor=actor, now=NOW, keyword_id=other["id"], number=NUMBER)
    with database.transaction() as session:
        changed = keywords.update_sms_keyword(session, actor=actor, now=NOW, keyword_id=other["id"], keyword="Klub 2")
        assert changed["keyword"] == "Klub 2"
        page = keywords.list_sms_keywords(session, actor=actor, now=NOW, cursor=None, limit=1)
        assert (len(page["items"]), page["next_cursor"] is None) == (1, False)
        keywords.delete_sms_keyword(session, actor=actor, now=NOW, keyword_id=made["id"])
        assert len(keywords.list_sms_keywords(session, actor=actor, now=NOW, cursor=None, limit=9)["items"]) == 1
        strangers: Any = {"account_id": str(new_id())}
        with pytest.raises(WiciError):
            keywords.get_sms_keyword(session, actor=strangers, now=NOW, keyword_id=other["id"])


def test_two_processes_that_take_one_message_at_once_answer_it_once(database: Database, account_id: UUID) -> None:
    """Of a carrier that gives no ids, and delivers again what it has no answer for yet."""
    keyword_id, said = new_id(), replies.Said(new_id(), account_id, PHONE, NUMBER, "info", NOW)

    def given(inbound_id: UUID) -> None:
        with database.transaction() as session:
            replies._give(
                cursor_of(session), [replies.Reply(said._replace(inbound_id=inbound_id), "Info!", keyword_id)]
            )

    second = Thread(target=given, args=(new_id(),))
    with database.transaction() as session:
        replies._give(cursor_of(session), [replies.Reply(said, "Info!", keyword_id)])
        second.start()
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: rows(database, waits), what="the second to wait")
    second.join(20)

    assert rows(database, "SELECT inbound_id FROM inbound_replies") == [(said.inbound_id,)]
    assert len(recorded(database, events.SMS_REPLIES_DUE)) == 1
