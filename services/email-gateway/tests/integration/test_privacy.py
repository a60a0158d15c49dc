"""A person is erased while e-mails to them are on every part of their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text
from wici_simulators.mailbox.rules import Fate, Settings, fate

from channel import claims, settlement
from channel.batches import Batch, read_batches
from channel.outlets import Chunk
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from chassis.testing import Launcher, places_of, wait_until
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.batches import EmailMessage, StoredContent
from email_gateway.content import files
from email_gateway.content.prepare import Kind, hash_of, prepare
from email_gateway.domain.mailroom import SoftRule
from email_gateway.domain.retrying import Result
from email_gateway.domain.sends import Plan, To
from email_gateway.outbound.mail_outlet import conclude
from email_gateway.smtp.outcomes import Outcome
from email_gateway.store.ledger import EmailLedger
from email_gateway.usecases import attachments, contents, messages, privacy, system

from .conftest import Campaign, Heard, World, sender_env

ACCEPTED = [address for n in range(40) if fate(address := f"osoba{n}@poczta.example", Settings()) is Fate.ACCEPT]
DEFERRED = next(address for n in range(500) if fate(address := f"ala{n}@poczta.example", Settings()) is Fate.DEFER)
HARD = next(address for n in range(500) if fate(address := f"ola{n}@poczta.example", Settings()) is Fate.HARD)


def erase(database: Database, account_id: UUID, address: str, **options: Any) -> dict[str, Any]:
    return privacy.erase_person(
        database,
        actor={"account_id": str(account_id)},
        now=datetime.now(UTC),
        addresses=[address],
        **{"erased_at": datetime.now(UTC), "dry_run": False, **options},
    )


def export(session: Any, account_id: UUID, address: str, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
    actor: Any = {"account_id": str(account_id)}
    return privacy.export_person(
        session, actor=actor, now=datetime.now(UTC), addresses=[address], cursor=cursor, limit=limit
    )


def of_erased(database: Database) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT state, code FROM ledger WHERE address = 'erased'"))
        return [(state, code) for state, code in rows]


def test_what_lies_in_the_lane_is_not_sent_any_more(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    her, others = ACCEPTED[0], ACCEPTED[1:11]
    campaign.publish(campaign.batch([*others, her]))
    erase(database, campaign.account_id, her)
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))

    wait_until(lambda: len(heard.last_kinds(campaign.account_id)) == 11, what="an event of each")

    assert {mail["address"] for mail in world.mails()} == set(others)
    assert of_erased(database) == [("rejected", "address.erased")]
    assert her not in str(heard.of(campaign.account_id))
    wait_until(lambda: places_of(database, [her]) == [], what="nothing of her")


def test_what_waits_to_be_tried_again_is_withdrawn(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world, EMAIL_RETRY_BASE_SECONDS="3000"))
    campaign.publish(campaign.batch([DEFERRED, ACCEPTED[0]]))
    wait_until(
        lambda: erase(database, campaign.account_id, DEFERRED, dry_run=True)["counts"]["messages_waiting"], what="it"
    )

    answer = erase(database, campaign.account_id, DEFERRED)

    assert answer["counts"] == {"messages": 1, "messages_waiting": 1}
    wait_until(lambda: of_erased(database) == [("rejected", "address.erased")], what="the rejection")
    assert [mail["address"] for mail in world.mails()] == [ACCEPTED[0]]
    wait_until(lambda: erase(database, campaign.account_id, DEFERRED)["waiting"] == 0, what="nothing under way")
    assert places_of(database, [DEFERRED]) == []


def test_a_bounce_of_someone_who_was_erased_meanwhile_names_nobody(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    """The message is in hand: it is handed over, and what comes of it is written down without her."""
    world.process.send_signal(19)  # the mailbox world answers nothing for now
    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world, EMAIL_WAIT_SECONDS="60"))
    campaign.publish(campaign.batch([HARD]))
    wait_until(lambda: "claims.body" in places_of(database, [HARD]), what="the claim")

    assert erase(database, campaign.account_id, HARD)["waiting"] == 1
    world.process.send_signal(18)

    wait_until(lambda: heard.last_kinds(campaign.account_id).values(), what="what became of it")
    assert {event["address"] for event in heard.of(campaign.account_id)} == {"erased"}
    assert of_erased(database)[0][0] == "hard_bounced"
    wait_until(lambda: places_of(database, [HARD]) == [], what="nothing of her")


def test_export_tells_what_a_single_mail_said_and_erasure_takes_it_along(database: Database) -> None:
    account_id, her = new_id(), "Anna@poczta.example"
    for to in (["ola@poczta.example", her], [her]):
        prepared = prepare(
            {"from_email": "n@sklep.example", "subject": "Temat", "text": f"Do {to[0]}"},
            Kind.TRANSACTIONAL,
            account_id,
        )
        assert prepared.document is not None and prepared.content_hash is not None
        with database.transaction() as session:
            plan = Plan(
                account_id=account_id,
                content_hash=prepared.content_hash,
                document=prepared.document,
                sender="n@sklep.example",
                recipients=[To(one, "Anna", {"kod": one}) for one in to],
                external_id=to[0],
            )
            messages.accept(session, send_id=new_id(), plan=plan)

    with database.transaction() as session:
        first = export(session, account_id, her, limit=1)
        second = export(session, account_id, her, limit=1, cursor=first["next_cursor"])
    assert [page["items"][0]["record"]["content"]["text"] for page in (first, second)] == [
        f"Do {her}",
        "Do ola@poczta.example",
    ]
    assert (first["items"][0]["record"]["variables"], second["next_cursor"]) == ({"kod": her}, None)

    erase(database, account_id, her)

    # What went to somebody else too stays, for it is theirs as well.
    assert places_of(database, [her], but=("outbox",)) == []
    with database.transaction() as session:
        left = session.scalars(text("SELECT content_hash FROM contents")).all()
        assert len(left) == 1
        document = contents.get_document(session, account_id=account_id, content_hash=left[0])
    assert document["text"] == "Do ola@poczta.example"


def test_a_copy_names_an_erased_person_no_more_and_files_of_theirs_alone_go(database: Database) -> None:
    account_id, her, his = new_id(), "Anna@poczta.example", "jan@poczta.example"
    named = {"to": {"email": her, "name": "Anna"}, "cc": [{"email": his, "name": None}, {"email": her, "name": None}]}
    for number, (to, more) in enumerate((([her, his], named), ([her], {}))):
        words = {"from_email": "n@sklep.example", "subject": "Temat", "text": f"Tekst {number}"}
        prepared = prepare(words, Kind.TRANSACTIONAL, account_id)
        assert prepared.document is not None
        file = files.File("a.txt", str(number).encode())
        document, blobs = attachments.with_files({**prepared.document, **more}, [file])
        with database.transaction() as session:
            plan = Plan(
                account_id=account_id,
                content_hash=hash_of(document),
                document=document,
                sender="n@sklep.example",
                recipients=[To(one) for one in to],
                blobs=blobs,
            )
            messages.accept(session, send_id=new_id(), plan=plan)

    erase(database, account_id, her)

    assert places_of(database, [her], but=("outbox",)) == []
    with database.transaction() as session:
        (left,) = session.scalars(text("SELECT document FROM contents")).all()
        assert session.scalars(text("SELECT digest FROM blobs")).all() == [left["files"]["blob"]]
    assert (left["to"], left["cc"]) == (None, [{"email": his, "name": None}])


def ask_to_confirm(database: Database, her: str, account_by_name: dict[str, UUID]) -> None:
    """Confirmation mails from the platform's address, for forms of these accounts."""
    tools: Any = SimpleNamespace(
        config=SimpleNamespace(system_from="noreply@wici.example"),
        links=SimpleNamespace(public_url="https://wici.example"),
    )
    asked = {"to": her, "language": "pl", "sender": None, "title": "Newsletter", "token": "T0ken", "days_valid": 7}
    for name, account_id in account_by_name.items():
        with database.transaction() as session:
            request = {**asked, "account_id": account_id, "account_name": name}
            system.send_confirmation(session, tools, send_id=new_id(), request=request)


def senders_of_mails_to(database: Database, her: str) -> list[str]:
    with database.transaction() as session:
        left = session.execute(text("SELECT fields ->> 'sender' FROM ledger WHERE address = :her"), {"her": her})
        return list(left.scalars())


def test_a_confirmation_mail_is_told_without_its_link_and_only_to_the_account_of_the_form(database: Database) -> None:
    """Whoever could read the link could press it for her; and nobody learns where else she signed up."""
    her, mine, others = ACCEPTED[0], new_id(), new_id()
    ask_to_confirm(database, her, {"sklepik": mine, "apteka": others})

    with database.transaction() as session:
        told = export(session, mine, her, limit=10)
    erased = erase(database, mine, her)

    (record,) = [item["record"] for item in told["items"]]
    assert record["variables"] == {"title": "", "sender": "sklepik", "days_valid": "7"}
    assert "T0ken" not in str(told)
    assert erased["counts"]["messages"] == 1
    assert senders_of_mails_to(database, her) == ["apteka"]


def test_a_closed_account_leaves_no_confirmation_mail_of_its_forms(database: Database) -> None:
    her, mine, others = ACCEPTED[0], new_id(), new_id()
    ask_to_confirm(database, her, {"sklepik": mine, "apteka": others})

    with database.transaction() as session:
        privacy.erase_account(session, account_id=mine)

    assert senders_of_mails_to(database, her) == ["apteka"]


def confirmation_in_hand(database: Database, her: str, account_id: UUID) -> EmailMessage:
    """The confirmation mail for a form of the account, as an outbound process has it once the lane has brought it."""
    ask_to_confirm(database, her, {"sklepik": account_id})
    lane = channel_lane(Channel.EMAIL, Lane.TRANSACTIONAL)
    with database.transaction() as session:
        body = session.scalar(text("SELECT body FROM outbox WHERE routing_key = :lane"), {"lane": lane})
        session.execute(text("DELETE FROM outbox"))
    assert body is not None
    ((header, recipients),) = read_batches(bytes(body), Lane.TRANSACTIONAL)
    content = StoredContent(header.account_id, "noreply@wici.example")
    chunk = Chunk(Batch(header, content, 1), None, recipients)
    return EmailMessage(chunk, recipients[0], header.id_of(recipients[0]["number"]), True, 0)


def settle(database: Database, message: EmailMessage, result: Result) -> None:
    """The mail server's answer, which names her, written down."""
    now = datetime.now(UTC)
    conclude(message, Outcome(result, "4.2.0", f"{message.recipient['address']} is greylisted"), now)
    message.due_at = now + timedelta(hours=1)
    with database.transaction() as session:
        settlement.settle(cursor_of(session), EmailLedger(SoftRule(5, 30)), [message])


def retries_of(database: Database) -> list[tuple[bool, str]]:
    """Of all that waits: whether it is due, and to whom it goes."""
    with database.transaction() as session:
        rows = session.execute(text("SELECT due_at <= now(), body FROM retries")).all()
    return [(is_due, orjson.loads(body)["recipients"][0]["address"]) for is_due, body in rows]


def test_a_confirmation_mail_that_waits_to_be_tried_again_is_withdrawn(database: Database) -> None:
    """It leaves from the platform, so it waits under the platform's account."""
    her, mine = ACCEPTED[0], new_id()
    settle(database, confirmation_in_hand(database, her, mine), Result.RETRY)

    assert erase(database, new_id(), her)["counts"] == {"messages": 0, "messages_waiting": 0}, "another's person"
    assert retries_of(database) == [(False, her)]
    assert erase(database, mine, her)["counts"] == {"messages": 1, "messages_waiting": 1}
    assert retries_of(database) == [(True, "erased")]
    assert places_of(database, [her]) == []


@pytest.mark.parametrize("result", [Result.RETRY, Result.HARD])
def test_a_confirmation_mail_in_hand_is_written_down_without_who_was_erased(database: Database, result: Result) -> None:
    her, mine = ACCEPTED[0], new_id()
    message = confirmation_in_hand(database, her, mine)
    with database.transaction() as session:
        claims.take(cursor_of(session), EmailLedger(SoftRule(5, 30)), new_id(), [message.chunk])

    assert erase(database, mine, her)["waiting"] == 1
    settle(database, message, result)

    assert places_of(database, [her], but=("claims",)) == []
    assert retries_of(database) == ([(False, "erased")] if result is Result.RETRY else [])


def test_a_confirmation_mail_that_lies_in_the_lane_is_not_sent_any_more(database: Database) -> None:
    her, mine = ACCEPTED[0], new_id()
    message = confirmation_in_hand(database, her, mine)
    erase(database, mine, her)

    with database.transaction() as session:
        claims.take(cursor_of(session), EmailLedger(SoftRule(5, 30)), new_id(), [message.chunk])

    assert [recipient["address"] for recipient in message.chunk.recipients] == ["erased"]
    assert places_of(database, [her]) == []


def test_a_late_outcome_names_nobody_whose_mark_is_gone(database: Database) -> None:
    her, mine = ACCEPTED[0], new_id()
    message = confirmation_in_hand(database, her, mine)
    erase(database, mine, her)
    with database.transaction() as session:
        session.execute(text("DELETE FROM erasures"))

    settle(database, message, Result.SOFT)

    assert of_erased(database) == [("soft_bounced", "4.2.0")]
    assert places_of(database, [her]) == []
