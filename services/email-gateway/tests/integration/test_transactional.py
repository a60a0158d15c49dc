"""POST /v1/emails in full, from the call to the mailbox: copies, files, templates, what is sent later."""

from __future__ import annotations

import email
import email.policy
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import dkim as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import Launcher, RunningProcess, nameko_command, wait_until
from contracts.email_gateway.messages import EmailSend
from contracts.errors import Invalid, NotFound, PlanLimit
from contracts.schema import load
from email_gateway.models import DkimKey
from email_gateway.store import blobs

from .asking import Call, account, verified
from .conftest import DOMAIN, Campaign, Heard, World, states

PNG = b"\x89PNG\r\n\x1a\n" + bytes(256)
TEMPLATE_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d01"
CAMPAIGNS = f"""
from nameko.rpc import rpc
from contracts.errors import NotFound
import chassis.service

class Campaigns:
    name = "campaigns"
    @rpc
    def get_template(self, actor, payload):
        assert actor["service"] == "email_gateway" and actor["account_id"]
        if payload["template_id"] != "{TEMPLATE_ID}":
            raise NotFound("template.not_found", "No.")
        content = {{"subject": "Zamówienie {{{{ number }}}}", "html": "<p>{{{{ shop }}}}</p>"}}
        return {{"channel": "email", "content": content}}
"""


@pytest.fixture(scope="module")
def campaigns(launch_once: Launcher, amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("campaigns")
    (folder / "small_campaigns.py").write_text(CAMPAIGNS)
    command = nameko_command("small_campaigns:Campaigns", amqp_url)
    launch_once("small_campaigns", command=command, env={"PYTHONPATH": str(folder)}, wait=False)


def single(**more: Any) -> dict[str, Any]:
    to = [{"email": "ala@poczta.example"}]
    return {"from": {"email": f"sklep@{DOMAIN}"}, "to": to, "subject": "Hej", "text": "Hej", **more}


def problems(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in refused.value.errors]


def test_copies_say_the_same_and_bcc_is_seen_by_nobody(
    call: Call, database: Database, world: World, sender: RunningProcess, heard: Heard
) -> None:
    actor = account()
    verified(call, actor)
    file = {"filename": "faktura.pdf", "content": b64encode(b"%PDF-1.7 x").decode()}
    logo = {"filename": "logo.png", "content": b64encode(PNG).decode(), "content_id": "logo"}

    key_id = str(new_id())

    sent = call(
        "send_messages",
        {**actor, "api_key_id": key_id},
        **single(
            to=[{"email": "ala@poczta.example", "name": "Ala", "variables": {"number": 7}}],
            cc=[{"email": "biuro@poczta.example", "name": "Biuro"}, {"email": "ALA@poczta.example"}],
            bcc=[{"email": "archiwum@poczta.example"}],
            variables={"shop": "Łąka", "number": 1},
            subject="{{ shop }} {{ number }}",
            text=None,
            html='<p>{{ shop }} {{ number }} <img src="cid:logo"></p>',
            attachments=[file, logo],
            headers={"X-Order": "7", "In-Reply-To": "<a@b.example>"},
            tags=["orders", "zażółć"],
            external_id="zam/7",
            webhook_url="https://sklep.example/wici",
        ),
    )

    addresses = ["ala@poczta.example", "biuro@poczta.example", "archiwum@poczta.example"]
    assert [each["to"] for each in sent["messages"]] == addresses
    wait_until(lambda: len(world.mails()) == 3, what="three mails")
    with database.transaction() as session:
        key = session.scalars(select(DkimKey)).one()
    bodies = set()
    for number, mail in enumerate(world.mails(), start=1):
        raw = world.call(f"/messages/{number}/raw")
        assert oracle.DKIM(raw).verify(dnsfunc=lambda name, timeout=5: key.record.encode())
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert str(message["To"]) == "Ala <ala@poczta.example>" and message["Subject"] == "Łąka 7"
        assert "biuro@poczta.example" in message["Cc"] and b"archiwum" not in raw.lower().partition(b"x-order")[2]
        assert message["Bcc"] is None and message["In-Reply-To"] == "<a@b.example>"
        files = {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
        assert files == {"logo.png": PNG, "faktura.pdf": b"%PDF-1.7 x"}
        bodies.add(mail["address"])
    assert bodies == set(addresses)
    accepted = [event for event in heard.of(UUID(actor["account_id"])) if event["kind"] == "accepted"]
    assert len(accepted) == 3
    assert accepted[0]["labels"] == {
        "external_id": "zam/7", "subject": "Łąka 7", "tags": ["orders", "zażółć"],
        "submitter_id": key_id, "webhook_url": "https://sklep.example/wici", "test_of": None,
    }  # fmt: skip


def test_a_stored_template_is_taken_at_its_word(
    call: Call, campaigns: None, world: World, sender: RunningProcess
) -> None:
    actor = account()
    verified(call, actor)
    mail = single(template_id=TEMPLATE_ID, subject=None, text=None, variables={"number": 3, "shop": "Łąka"})
    wait_until(lambda: _is_there(call, actor, mail), what="campaigns")

    wait_until(world.mails, what="the mail")
    assert world.mails()[0]["subject"] == "Zamówienie 3"
    with pytest.raises(NotFound):
        call("send_messages", actor, **{**mail, "template_id": str(uuid4())})


def _is_there(call: Call, actor: dict[str, Any], mail: dict[str, Any]) -> bool:
    from contracts.errors import Unavailable

    try:
        return bool(call("send_messages", {**actor, "request_key": "once"}, **mail))
    except Unavailable:
        return False


def test_what_is_sent_later_waits_and_keeps_its_files(
    call: Call, database: Database, world: World, sender: RunningProcess
) -> None:
    actor = account()
    verified(call, actor)
    file = {"filename": "a.txt", "content": b64encode(b"ala").decode()}
    at = datetime.now(UTC) + timedelta(days=80)

    call("send_messages", actor, **single(schedule_at=at.isoformat(), attachments=[file]))

    assert states(database, UUID(actor["account_id"])) == {"accepted": 1}
    with database.transaction() as session:
        assert session.scalar(text("SELECT keep_until FROM blobs")) == at + blobs.KEPT
        assert blobs.sweep(session, at) == 0
        # Its time has come.
        session.execute(text("UPDATE retries SET due_at = now()"))
    call("send_messages", actor, **single())  # wakes the upkeep
    wait_until(lambda: len(world.mails()) == 2, what="both mails")
    wait_until(lambda: states(database, UUID(actor["account_id"])) == {"delivered": 2}, what="both told")
    with database.transaction() as session:
        assert blobs.sweep(session, at + blobs.KEPT + timedelta(seconds=1)) == 1


def test_what_cannot_be_sent_is_refused_with_its_field(call: Call) -> None:
    actor, poor = account(), account()
    verified(call, actor)
    call("identity.begin_trial", poor, only_to=["ala@poczta.example"])
    program = {"filename": "a.pdf.exe", "content": b64encode(b"MZ").decode()}
    large = {"filename": "a.bin", "content": b64encode(bytes(3_000_000)).decode()}
    refusals: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"attachments": [program]}, [("attachments.0", "attachment.program")]),
        ({"attachments": [large, large]}, [("attachments", "attachment.too_large")]),
        ({"schedule_at": "2020-01-01T00:00:00Z"}, [("schedule_at", "schedule.invalid")]),
        ({"cc": [{"email": "żółw@poczta.example"}]}, [("cc.0.email", "address.local_part")]),
        ({"bcc": [{"email": "żółw@poczta.example"}]}, [("bcc.0.email", "address.local_part")]),
        ({"subject": None}, [("subject", "content.no_subject")]),
        (
            {"to": [{"email": "a@b.example"}] * 2, "cc": [{"email": "c@b.example"}]},
            [("to", "email.copies_need_one_to")],
        ),
        ({"template_id": TEMPLATE_ID}, [("template_id", "content.two_sources")]),
    ]

    for changes, wanted in refusals:
        with pytest.raises(Invalid) as refused:
            call("send_messages", actor, **single(**changes))
        assert problems(refused) == wanted

    with pytest.raises(PlanLimit) as missing:
        call("send_messages", poor, **single(attachments=[large]))
    assert missing.value.extra["feature"] == "attachments"


LINE_ENDS = st.sampled_from(["\r", "\n", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])


@given(st.text(max_size=20), LINE_ENDS, st.text(max_size=20), st.sampled_from(["X-A", "References", "name"]))
def test_no_line_end_gets_into_a_header(before: str, end: str, after: str, where: str) -> None:
    value = before + end + after
    mail = single(headers={where: value}) if where != "name" else single(to=[{"email": "a@b.example", "name": value}])
    with pytest.raises(Invalid):
        load(EmailSend, mail, strict=True)


@pytest.mark.parametrize("name", ["Bcc", "To", "From", "Subject", "DKIM-Signature", "Received", "List-Unsubscribe",
                                  "X-A\r\nBcc", "X-ż", "X-", "Reply-To", "Return-Path", "Content-Type"])  # fmt: skip
def test_only_headers_of_the_list_are_taken(name: str) -> None:
    with pytest.raises(Invalid):
        load(EmailSend, single(headers={name: "x"}), strict=True)


def test_a_campaigns_mails_carry_its_files(
    call: Call, campaign: Campaign, database: Database, world: World, sender: RunningProcess
) -> None:
    """The content with files is another than without; the same files again are the same, and are kept for longer."""
    actor = {**account(), "account_id": str(campaign.account_id)}
    file = {"filename": "cennik.pdf", "content": b64encode(b"%PDF-1.7 x").decode()}
    asked = {"content_hash": campaign.content_hash, "attachments": [file]}
    attached = call("attach_files", actor, **asked)["content_hash"]
    assert attached == call("attach_files", actor, **asked)["content_hash"] != campaign.content_hash
    with pytest.raises(NotFound):
        call("attach_files", account(), **asked)
    with database.transaction() as session:
        assert blobs.sweep(session, datetime.now(UTC) + blobs.KEPT) == 0

    people = [f"p{number}@poczta.example" for number in range(3)]
    campaign.publish({**campaign.batch(people), "content_hash": attached})

    wait_until(lambda: len(world.mails()) == 3, what="three mails")
    for number in range(1, 4):
        message = email.message_from_bytes(world.call(f"/messages/{number}/raw"), policy=email.policy.default)
        files = {part.get_filename(): part.get_payload(decode=True) for part in message.walk() if part.get_filename()}
        assert files == {"cennik.pdf": b"%PDF-1.7 x"} and "List-Unsubscribe" in message
