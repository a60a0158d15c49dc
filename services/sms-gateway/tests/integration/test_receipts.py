"""Receipts against the ledger, where another outbound process works at the same messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from channel import taking_back
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts.ids import message_id
from contracts.vocabulary import Channel, MessageState
from sms_gateway.batches import Arrived
from sms_gateway.outbound import arrivals
from sms_gateway.service.messages import Messages
from sms_gateway.smpp.message_ids import UNDECIDED, MessageIds
from sms_gateway.smpp.receipts import Receipt
from sms_gateway.store import parked_receipts, receipts

PHONE, SENDER = "+48600100200", "Wici"
CARRIER, ACCOUNT = new_id(), new_id()


class Interrupted:
    """A cursor before whose statement number `before` something happens in another session."""

    def __init__(self, cursor: Any, before: int, happen: Callable[[], Any]) -> None:
        self._cursor, self._left, self._happen = cursor, before, happen

    def execute(self, *arguments: Any) -> Any:
        if not self._left:
            self._happen()
        self._left -= 1
        return self._cursor.execute(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def arrived(identifier: str, state: str = "delivered", *, at: datetime | None = None, **more: Any) -> Arrived:
    moment = at or datetime.now(UTC)
    return Arrived(CARRIER, identifier, MessageState(state), "000", PHONE.lstrip("+"), moment.timestamp(), **more)


def settled(database: Database, identifier: str | None, state: str = "submitted", parts: int = 1) -> UUID:
    """A message in the ledger, as it is settled; one of several parts has ids `identifier`.1 and so on."""
    made = message_id(new_id(), 1)
    single = identifier if parts == 1 else None
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, carrier_id, carrier_message_id, address, state, parts,"
                " submitted_at) VALUES (:id, :account, :carrier, :identifier, :phone, :state, :parts, now())"
            ),
            {
                "id": made, "account": ACCOUNT, "carrier": CARRIER, "identifier": single, "phone": PHONE,
                "state": state, "parts": parts,
            },
        )  # fmt: skip
        for part in range(1, parts + 1) if parts > 1 else ():
            session.execute(
                text("INSERT INTO ledger_parts VALUES (:id, :part, :carrier, :identifier, 'submitted')"),
                {"id": made, "part": part, "carrier": CARRIER, "identifier": f"{identifier}.{part}"},
            )
    return made


def state_of(database: Database, message: UUID) -> str | None:
    with database.transaction() as session:
        return session.scalar(text("SELECT state FROM ledger WHERE message_id = :id"), {"id": message})


def parked(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT carrier_message_id FROM parked_receipts")))


def look_again(database: Database, after: timedelta = timedelta(0)) -> list[dict[str, Any]]:
    """What the keeper does with parked receipts, as if `after` had passed."""
    with database.transaction() as session:
        session.execute(text("UPDATE parked_receipts SET next_at = now()"))
        cursor = cursor_of(session)
        return receipts.apply(cursor, parked_receipts.take(cursor), datetime.now(UTC) + after)


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("parts", [1, 2])
def test_a_settlement_that_commits_between_two_looks_loses_no_receipt(
    database: Database, before: int, parts: int
) -> None:
    made: list[UUID] = []
    identifiers = ["c1"] if parts == 1 else ["c1.1", "c1.2"]

    with database.transaction() as session:
        cursor = Interrupted(cursor_of(session), before, lambda: made.append(settled(database, "c1", parts=parts)))
        receipts.apply(cursor, [arrived(each) for each in identifiers], datetime.now(UTC))
    if not made:
        made.append(settled(database, "c1", parts=parts))
    look_again(database)

    assert state_of(database, made[0]) == "delivered"
    assert parked(database) == []


def test_a_repeated_receipt_says_nothing_new(database: Database) -> None:
    final, unknown = settled(database, "c1", "delivered"), settled(database, "c2", "unknown")
    with database.transaction() as session:
        events = receipts.apply(
            cursor_of(session), [arrived("c1", "undelivered"), arrived("c2", "unknown")], datetime.now(UTC)
        )

    assert (events, parked(database)) == ([], [])
    assert (state_of(database, final), state_of(database, unknown)) == ("delivered", "unknown")


def test_receipts_of_two_parts_in_two_processes_at_once_end_the_message(database: Database) -> None:
    message = settled(database, "c1", parts=2)
    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            receipts.apply(cursor_of(session), [arrived("c1.1")], datetime.now(UTC))
            second = other.submit(_apply_alone, database, arrived("c1.2"))
            wait_until(lambda: second.done() or waits_for_a_lock(database), what="the second process at work")
        events = second.result(10)

    assert state_of(database, message) == "delivered"
    assert [event["kind"] for event in events] == ["delivered"]


def _apply_alone(database: Database, receipt: Arrived) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return receipts.apply(cursor_of(session), [receipt], datetime.now(UTC))


def waits_for_a_lock(database: Database) -> bool:
    with database.transaction() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


# What a receipt and a message without an answer have in common, where the one is the other's.
FITTING: dict[str, Any] = {
    "carrier": CARRIER, "address": PHONE, "sender": SENDER, "claimed": timedelta(minutes=-2), "state": "unknown",
}  # fmt: skip
_DAY_LATE = b"id:c1 submit date:2611240745 done date:2611250745 stat:DELIVRD"


def without_answer(database: Database, parts: int = 1, **different: Any) -> UUID:
    """A message whose answer was lost."""
    fields = FITTING | different
    made = settled(database, None, fields["state"])
    with database.transaction() as session:
        session.execute(
            text("UPDATE ledger SET carrier_id = :carrier, address = :address, parts = :parts WHERE message_id = :id"),
            {"carrier": fields["carrier"], "address": fields["address"], "parts": parts, "id": made},
        )
        session.execute(
            text("INSERT INTO unknown_messages VALUES (:id, :address, :parts, :sender, :claimed)"),
            {
                "id": made, "address": fields["address"], "parts": parts, "sender": fields["sender"],
                "claimed": None if fields["claimed"] is None else datetime.now(UTC) + fields["claimed"],
            },
        )  # fmt: skip
    return made


def receive(database: Database, *come: Arrived) -> list[dict[str, Any]]:
    """Receipts come, match nothing, and are looked at again once they have waited long enough."""
    with database.transaction() as session:
        assert receipts.apply(cursor_of(session), come, datetime.now(UTC)) == []
    assert look_again(database, after=timedelta(seconds=receipts.UNMATCHED_AFTER - 5)) == []
    return look_again(database, after=timedelta(seconds=receipts.UNMATCHED_AFTER + 5))


@pytest.mark.parametrize("destination", ["Wici", "WICI", "+wici"])
def test_a_receipt_that_fits_ends_a_message_without_an_answer(database: Database, destination: str) -> None:
    message, other = without_answer(database), without_answer(database, address="+48600100201")

    events = receive(database, arrived("c1", sender=destination))

    assert [(event["message_id"], event["kind"]) for event in events] == [(str(message), "delivered")]
    assert (state_of(database, message), state_of(database, other)) == ("delivered", "unknown")
    assert parked(database) == []


@pytest.mark.parametrize(
    "different",
    [
        {"carrier": new_id()},
        {"carrier": None},
        {"address": "+48600100201"},
        {"sender": "Other"},
        {"sender": None},
        {"claimed": timedelta(minutes=-6)},
        {"claimed": timedelta(minutes=6)},
        {"claimed": None},
        {"state": "submitted"},
    ],
    ids=str,
)
def test_a_receipt_that_does_not_fit_waits_on(database: Database, different: dict[str, Any]) -> None:
    message = without_answer(database, **different)

    assert receive(database, arrived("c1", sender=SENDER)) == []

    assert state_of(database, message) == (FITTING | different)["state"]
    assert parked(database) == ["c1"]


def test_a_receipt_without_a_destination_fits_nothing(database: Database) -> None:
    message = without_answer(database)

    assert receive(database, arrived("c1")) == []
    assert state_of(database, message) == "unknown"


def test_a_receipt_whose_id_is_in_no_known_form_yet_fits_nothing(database: Database) -> None:
    message = without_answer(database)
    (receipt,) = come("auto", "4660")

    assert receive(database, receipt._replace(sender=SENDER)) == []

    assert (state_of(database, message), parked(database)) == ("unknown", [UNDECIDED + "4660"])


@pytest.mark.parametrize("parts", [1, 2])
def test_a_receipt_whose_id_is_held_is_nobody_elses(database: Database, parts: int) -> None:
    message = without_answer(database)
    holder = settled(database, "c1", parts=parts)
    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET carrier_id = :other"), {"other": new_id()})
        session.execute(text("UPDATE ledger_parts SET carrier_id = :other"), {"other": new_id()})
        session.execute(text("UPDATE ledger SET carrier_id = :c WHERE message_id = :m"), {"c": CARRIER, "m": message})

    assert receive(database, arrived("c1" if parts == 1 else "c1.2", sender=SENDER)) == []

    assert (state_of(database, message), state_of(database, holder)) == ("unknown", "submitted")


@pytest.mark.parametrize(("claimed", "state"), [(timedelta(days=-1), "delivered"), (timedelta(0), "unknown")])
def test_a_receipt_of_days_later_tells_when_it_was_handed_over(
    database: Database, claimed: timedelta, state: str
) -> None:
    message = without_answer(database, claimed=claimed)

    receive(database, arrived("c1", sender=SENDER, text=_DAY_LATE))

    assert state_of(database, message) == state


def test_a_message_without_an_answer_is_delivered_when_all_its_parts_are(database: Database) -> None:
    message = without_answer(database, parts=3)
    parts = [arrived(f"c{number}", sender=SENDER) for number in (1, 2, 3)]

    assert receive(database, *parts[:2]) == []
    assert state_of(database, message) == "unknown"
    assert [event["kind"] for event in receive(database, parts[2])] == ["delivered"]
    assert state_of(database, message) == "delivered"


@pytest.mark.parametrize("way", ["one", "many"])
def test_a_message_that_was_taken_back_without_an_answer_is_ended_by_its_receipt(database: Database, way: str) -> None:
    message = settled(database, None, "deferred")
    body = orjson.dumps({"recipients": [{"number": 1, "address": PHONE, "unanswered": 1}]})
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO sends (send_id, account_id, content_hash, sender, lane, recipients, stem_id)"
                " VALUES (:send, :account, 'h', :sender, 'otp', 1, :stem)"
            ),
            {"send": new_id(), "account": ACCOUNT, "sender": SENDER, "stem": UUID(int=message.int >> 32 << 32)},
        )
        session.execute(
            text(
                "INSERT INTO retries (message_id, account_id, due_at, attempts, body)"
                " VALUES (:id, :account, now() + interval '1 hour', 1, :body)"
            ),
            {"id": message, "account": ACCOUNT, "body": body},
        )
    asked: dict[str, Any] = {
        "actor": {"account_id": str(ACCOUNT)}, "now": datetime.now(UTC), "channel": Channel.SMS,
        "source": "sms_gateway", "note_unknown": Messages.use_cases.note_unknown,
    }  # fmt: skip
    with database.transaction() as session:
        if way == "one":
            taking_back.revoke_message(session, **asked, message_id=message, send_of=taking_back.send_of)
        else:
            taking_back.take_back_messages(session, **asked, message_ids=[message], is_wanted_back=True)
    assert state_of(database, message) == "unknown"

    events = receive(database, arrived("c1", sender=SENDER))

    assert [(event["message_id"], event["kind"]) for event in events] == [(str(message), "delivered")]


def test_a_part_without_an_answer_is_found_beside_the_others(database: Database) -> None:
    message = settled(database, "c", "unknown", parts=2)
    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET parts = 3"))
        session.execute(
            text("INSERT INTO unknown_messages VALUES (:id, :phone, 1, :sender, :now)"),
            {"id": message, "phone": PHONE, "sender": SENDER, "now": datetime.now(UTC)},
        )
        assert receipts.apply(cursor_of(session), [arrived("c.1"), arrived("c.2")], datetime.now(UTC)) == []

    events = receive(database, arrived("lost", sender=SENDER))

    assert [event["kind"] for event in events] == ["delivered"]
    assert state_of(database, message) == "delivered"


STRANGER = "48600999999"


def typed(identifier: str, phone: str = PHONE, state: str = "delivered") -> Arrived:
    """A receipt that comes as a message from that phone does."""
    return arrived(identifier, state, sender=SENDER, spelled=identifier)._replace(address=phone, is_typed=True)


@pytest.mark.parametrize("phone", ["48600100200", "+48600100200", "0048600100200"])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_carriers_receipts_may_come_as_messages_from_the_phone(database: Database, parts: int, phone: str) -> None:
    message = settled(database, "c1", parts=parts)
    identifiers = ["c1"] if parts == 1 else ["c1.1", "c1.2"]
    with database.transaction() as session:
        receipts.apply(cursor_of(session), [typed(each, phone) for each in identifiers], datetime.now(UTC))

    assert (state_of(database, message), parked(database)) == ("delivered", [])


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("spelling", ["a1b", "0A1B"])
def test_a_stranger_who_writes_a_receipt_changes_nothing(database: Database, parts: int, spelling: str) -> None:
    message = settled(database, spelling, parts=parts)
    suffixes = [""] if parts == 1 else [".1", ".2"]
    forged = [typed("a1b" + each, STRANGER)._replace(spelled=spelling + each) for each in suffixes]

    assert receive(database, *forged) == []
    assert state_of(database, message) == "submitted"
    assert sorted(parked(database)) == [each.carrier_message_id for each in forged]


@pytest.mark.parametrize("is_typed", [False, True])
@pytest.mark.parametrize("forged_first", [False, True])
def test_a_strangers_receipt_hides_no_true_one(database: Database, is_typed: bool, forged_first: bool) -> None:
    message = settled(database, "c1")
    true, forged = typed("c1")._replace(is_typed=is_typed), typed("c1", STRANGER, "undelivered")
    with database.transaction() as session:
        come = [forged, true] if forged_first else [true, forged]
        receipts.apply(cursor_of(session), come, datetime.now(UTC))

    assert state_of(database, message) == "delivered"


def test_an_id_that_two_phones_messages_have_is_believed_of_neither(database: Database) -> None:
    made = [settled(database, "c1"), settled(database, "c1")]
    with database.transaction() as session:
        session.execute(text("UPDATE ledger SET address = '+48600999999' WHERE message_id = :id"), {"id": made[0]})
        receipts.apply(cursor_of(session), [typed("c1"), typed("c1", STRANGER)], datetime.now(UTC))

    assert [state_of(database, each) for each in made] == ["submitted"] * 2


@pytest.mark.parametrize(("phone", "state"), [(PHONE, "delivered"), (STRANGER, "unknown")])
def test_a_typed_receipt_ends_a_message_without_an_answer_to_its_phone_alone(
    database: Database, phone: str, state: str
) -> None:
    message = without_answer(database)

    receive(database, typed("c1", phone))

    assert state_of(database, message) == state


def come(form: str, *identifiers: str) -> list[Any]:
    """Receipts as a carrier of that form of ids sends them."""
    delivered = [Receipt(each, MessageState.DELIVERED, "", PHONE) for each in identifiers]
    return arrivals.read(delivered, CARRIER, MessageIds(form), time.time())


@pytest.mark.parametrize("waits", [False, True], ids=["at once", "after parking"])
@pytest.mark.parametrize(
    ("answered", "form", "reported"),
    [("000A1B", "same", "000A1B"), ("0000123", "same", "0000123"), ("A1B", "decimal_to_hex", "2587"),
     ("A1B", "same", "0a1b"), ("2587", "hex_to_decimal", "0A1B"), ("Ab-7", "same", "Ab-7")],
)  # fmt: skip
def test_an_id_written_before_ids_had_one_spelling_is_found(
    database: Database, answered: str, form: str, reported: str, waits: bool
) -> None:
    made = settled(database, answered)
    with database.transaction() as session:
        if waits:
            parked_receipts.park(cursor_of(session), come(form, reported), datetime.now(UTC))
        else:
            receipts.apply(cursor_of(session), come(form, reported), datetime.now(UTC))
    if waits:
        look_again(database)

    assert (state_of(database, made), parked(database)) == ("delivered", [])


def test_hex_that_reads_as_anothers_decimal_is_not_its_receipt(database: Database) -> None:
    another = settled(database, "1234")
    with database.transaction() as session:
        receipts.apply(cursor_of(session), come("hex_to_decimal", "1234"), datetime.now(UTC))

    assert (state_of(database, another), parked(database)) == ("submitted", ["4660"])


def test_ids_of_parts_written_before_are_found(database: Database) -> None:
    made = settled(database, "x", parts=2)
    with database.transaction() as session:
        session.execute(text("UPDATE ledger_parts SET carrier_message_id = '00AB' || part"))
        receipts.apply(cursor_of(session), come("same", "00AB1", "00AB2"), datetime.now(UTC))

    assert (state_of(database, made), parked(database)) == ("delivered", [])


def test_what_an_earlier_version_parked_is_found(database: Database) -> None:
    made, old = settled(database, "a1b"), settled(database, "0C2D")
    with database.transaction() as session:
        for identifier in ("0A1B", "0C2D"):
            session.execute(
                text(
                    "INSERT INTO parked_receipts (carrier_id, carrier_message_id, address, state, code, received_at,"
                    " tries, next_at) VALUES (:carrier, :identifier, '48600100200', 'delivered', '', now(), 1, now())"
                ),
                {"carrier": CARRIER, "identifier": identifier},
            )
    look_again(database)

    assert (state_of(database, made), state_of(database, old)) == ("delivered", "delivered")
