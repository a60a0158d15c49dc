"""The service over RabbitMQ: senders, contents, single messages, system mail; identity is a stand-in on the bus."""

from __future__ import annotations

import email
import email.policy
import re
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from channel import claims
from channel.batches import Batch, read_batches
from channel.outlets import Chunk, Claim
from channel.single_sends import TooFewUnits
from chassis import outbox
from chassis.broker import Broker
from chassis.database import Database, cursor_of
from chassis.rpc_client import RpcClient
from chassis.testing import Launcher, RunningProcess, places_of, wait_until
from contracts import events
from contracts.campaigns.content import content_problems
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, PlanLimit, TooManyRequests, Unavailable
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.content.prepare import hash_of
from email_gateway.domain.sends import Plan, To
from email_gateway.usecases import messages, sender_addresses

from .asking import OPERATOR, Call, account, verified
from .conftest import DOMAIN, HTML, Heard, World, states


def test_sender_domain_lives_and_belongs_to_its_account(call: Call) -> None:
    actor, stranger = account(), account()

    made = call("create_sender_domain", actor, domain="Żółw.Example", algorithms=["rsa", "ed25519"])

    assert (made["domain"], made["state"]) == ("xn--w-uga1v8h.example", "pending")
    assert [record["purpose"] for record in made["records"]] == [
        "ownership", "dkim", "dkim", "return_path", "spf", "tracking", "dmarc",
    ]  # fmt: skip
    with pytest.raises(Conflict):
        call("create_sender_domain", actor, domain="żółw.example")
    for method in ("get_sender_domain", "check_sender_domain", "delete_sender_domain"):
        with pytest.raises(NotFound):
            call(method, stranger, domain_id=made["id"])
    assert call("list_sender_domains", stranger) == {"items": [], "next_cursor": None}
    assert [each["id"] for each in call("list_sender_domains", actor)["items"]] == [made["id"]]
    call("delete_sender_domain", actor, domain_id=made["id"])
    assert call("list_sender_domains", actor)["items"] == []


def on_trial(call: Call, actor: dict[str, Any], *proved: str) -> None:
    call("identity.begin_trial", actor, only_to=list(proved))


def test_an_account_has_as_many_domains_as_its_plan_allows_and_few_keys_a_day(call: Call, database: Database) -> None:
    actor = account()
    on_trial(call, actor)
    made = [call("create_sender_domain", actor, domain=f"{n}.example", algorithms=["ed25519"]) for n in range(2)]

    with pytest.raises(PlanLimit, match=r"sender_domain\.too_many"):
        call("create_sender_domain", actor, domain="3.example")

    call("delete_sender_domain", actor, domain_id=made[0]["id"])
    with database.transaction() as session:
        session.execute(text("UPDATE keys_made SET keys = 99 WHERE account_id = :id"), {"id": actor["account_id"]})
    with pytest.raises(TooManyRequests, match=r"sender_domain\.too_many_keys"):
        call("create_sender_domain", actor, domain="4.example", algorithms=["rsa", "ed25519"])
    with database.transaction() as session:
        session.execute(text("UPDATE keys_made SET day = current_date - 1"))
    assert call("create_sender_domain", actor, domain="4.example", algorithms=["rsa", "ed25519"])["state"] == "pending"


def test_on_trial_nobody_sends_under_the_name_of_a_bank_or_an_authority(call: Call) -> None:
    actor, to, name = account(), "jan@poczta.example", "m\u200bB\u0430nk S.A."
    on_trial(call, actor, to)
    verified(call, actor)
    content = {"subject": "Hej", "html": HTML}
    sender = {"from_email": f"news@{DOMAIN}", "from_name": name}
    single = {
        "subject": "Hej",
        "text": "Hej",
        "from": {"email": sender["from_email"], "name": name},
        "to": [{"email": to}],
    }

    with pytest.raises(Forbidden, match=r"sender\.protected"):
        call("send_messages", actor, **single)
    with pytest.raises(Forbidden, match=r"sender\.protected") as refused:
        call("prepare_content", actor, sender=sender, content=content, kind="campaign")

    assert refused.value.errors[0]["field"] == "sender.from_name"
    call("send_messages", actor, **{**single, "from": {"email": sender["from_email"], "name": "Mebank Meble"}})
    grown = account()
    verified(call, grown)
    assert call("prepare_content", grown, sender=sender, content=content, kind="campaign")["content_hash"]


@pytest.mark.parametrize("tracking", [{"opens": False}, {"clicks": False}, {"opens": False, "clicks": False}, None])
def test_tracking_is_switched_by_the_message_and_by_the_campaign(
    call: Call, database: Database, tracking: dict[str, bool] | None
) -> None:
    actor, sender = account(), {"email": f"news@{DOMAIN}"}
    verified(call, actor)
    content = {"subject": "Hej", "html": HTML, "tracking": tracking}

    call("send_messages", actor, **{"from": sender}, to=[{"email": "jan@poczta.example"}], **content)
    call("prepare_content", actor, sender={"from_email": sender["email"]}, content=content, kind="campaign")

    wanted = {"opens": True, "clicks": True} | (tracking or {})
    with database.transaction() as session:
        documents = session.scalars(
            text("SELECT document FROM contents WHERE account_id = :id"), {"id": actor["account_id"]}
        )
        made = [("wici_open_url" in each["html"], bool(each["links"])) for each in documents]
    assert made == [(wanted["opens"], wanted["clicks"])] * 2
    assert content_problems(Channel.EMAIL, {"tracking": wanted}) == {}


def test_name_servers_that_do_not_answer_verify_nothing(call: Call) -> None:
    actor = account()
    made = call("create_sender_domain", actor, domain=DOMAIN)

    checked = call("check_sender_domain", actor, domain_id=made["id"])

    assert checked["state"] == "pending"
    assert {record["found"] for record in checked["records"]} == {None}


def test_only_an_operator_vouches_and_the_reason_is_kept(call: Call) -> None:
    actor = account()
    made = call("create_sender_domain", actor, domain=DOMAIN)

    with pytest.raises(Forbidden):
        call("verify_domain", actor, domain_id=made["id"], reason="I say so")
    with pytest.raises(Invalid):
        call("verify_domain", OPERATOR, domain_id=made["id"], reason="")
    approved = call("verify_domain", OPERATOR, domain_id=made["id"], reason="Known customer")

    assert (approved["state"], approved["reason"], approved["verified_by"]) == (
        "verified", "Known customer", OPERATOR["operator_id"],
    )  # fmt: skip
    assert call("list_domains", OPERATOR, state="verified")["items"][0]["account_id"] == actor["account_id"]


def test_content_is_prepared_previewed_and_refused(call: Call) -> None:
    actor = account()
    content = {"subject": "Witaj {{ first_name }}", "html": HTML}
    with pytest.raises(Forbidden):
        call("prepare_content", actor, sender=f"a@{DOMAIN}", content=content)
    verified(call, actor)

    sender = {"from_email": f"news@{DOMAIN}", "from_name": "Sklep"}
    prepared = call("prepare_content", actor, sender=sender, content={**content, **sender})
    again = call("prepare_content", actor, sender=sender, content=content)
    refused = call("prepare_content", actor, sender=sender, content={"subject": "x {{", "html": "<p>x</p>"})

    assert prepared == again
    assert prepared["variables"] == ["first_name"]
    assert prepared["problems"] == []
    assert refused["content_hash"] is None
    assert {problem["code"] for problem in refused["problems"]} == {
        "template.invalid",
        "email.unsubscribe_link_missing",
    }
    endless = call(
        "prepare_content", actor, sender=sender, content={"subject": "x\n{{ [1]|tojson(indent=9) }}", "html": HTML}
    )
    assert [(found["field"], found["detail"]) for found in endless["problems"]] == [
        ("subject", "subject, line 2, column 8: the filter 'tojson' is not available in templates")
    ]
    preview = call("render_preview", actor, content_hash=prepared["content_hash"], fields={"first_name": "Łucja"})
    assert preview["subject"] == "Witaj Łucja"
    assert 'href="https://sklep.example/oferta"' in preview["html"]
    assert call("render_preview", actor, content_hash=prepared["content_hash"], fields={})["subject"] == "Witaj "
    with pytest.raises(NotFound):
        call("render_preview", account(), content_hash=prepared["content_hash"], fields={})


def test_single_messages_are_sent_once_per_key_and_within_quota(
    call: Call, identity: None, database: Database, world: World, sender: RunningProcess, heard: Heard, broker: Broker
) -> None:
    actor = {**account(), "request_key": "k1"}
    verified(call, actor)
    mail = {
        "from": {"email": f"sklep@{DOMAIN}", "name": "Sklep"},
        "to": [{"email": f"kto{n}@poczta.example", "name": "Ala Łąka", "variables": {"n": n}} for n in range(5)],
        "subject": "Zamówienie {{ n }}",
        "text": "Numer {{ n }}",
        "headers": {"X-Shop": "1"},
        "external_id": "zam-1",
    }

    first = wait_until(lambda: _answered(lambda: call("send_messages", actor, **mail)), what="identity")
    second = call("send_messages", actor, **mail)

    assert first == second
    assert [each["to"] for each in first["messages"]] == [to["email"] for to in mail["to"]]  # type: ignore[index]
    wait_until(lambda: len(world.mails()) == 5, what="five mails")
    assert {found["subject"] for found in world.mails()} == {f"Zamówienie {n}" for n in range(5)}
    raw = world.call("/messages/1/raw").decode()
    assert "X-Shop: 1" in raw
    assert "List-Unsubscribe" not in raw
    message_id = first["messages"][0]["id"]
    wait_until(lambda: call("get_message", actor, message_id=message_id)["state"] == "delivered")
    assert call("get_message", actor, message_id=message_id)["external_id"] == "zam-1"
    with pytest.raises(NotFound):
        call("get_message", account(), message_id=message_id)
    with pytest.raises(Invalid) as missing:
        call("send_messages", actor, **{**mail, "to": [{"email": "kto@poczta.example"}]})
    assert missing.value.errors[0]["field"] == "to.0.variables"
    with pytest.raises(Invalid) as endless:
        call("send_messages", actor, **{**mail, "text": "{{ [1]|tojson(indent=9000000000000) }}"})
    assert endless.value.errors[0]["code"] == "template.invalid" and "line 1" in endless.value.errors[0]["detail"]
    many = [{"email": f"wielu{n}@poczta.example", "variables": {"n": n}} for n in range(55)]
    with pytest.raises(PlanLimit):
        call("send_messages", {**actor, "request_key": "k2"}, **{**mail, "to": many})
    used = {"used": 5, "reservations": 1}
    wait_until(lambda: RpcClient(broker).call("identity.used_quota", actor, {}) == used, what="the quota's settlement")
    assert world.call("/counts")["duplicates"] == 0


def test_addresses_that_no_header_can_hold_are_refused_at_once(call: Call) -> None:
    actor = account()
    verified(call, actor)
    content = {"subject": "Hej", "text": "Hej"}

    def prepare(**sender: str) -> Any:
        return call("prepare_content", actor, sender=sender, content=content, kind="transactional")

    for bad in ({"from_email": f"łukasz@{DOMAIN}"}, {"from_email": f"a@{DOMAIN}", "reply_to": "łukasz@example.com"}):
        with pytest.raises(Invalid):
            prepare(**bad)
    assert prepare(from_email=f"a@{DOMAIN}", reply_to="a@żółw.example")["content_hash"]


def test_of_mails_that_are_stored_together_each_sender_is_judged_by_itself(call: Call, database: Database) -> None:
    actor, other = account(), account()
    verified(call, actor)

    def plan(of: dict[str, Any], sender: str) -> Plan:
        document = {"from_email": sender, "subject": "x", "text": "x"}
        return Plan(UUID(of["account_id"]), hash_of(document), document, sender, [To("ola@poczta.example")])

    ours, theirs, nobodys = plan(actor, f"a@{DOMAIN}"), plan(other, f"a@{DOMAIN}"), plan(actor, "a@nikt.example")
    with database.transaction() as session:
        answers = messages.store_requests(session, [theirs, ours, nobodys, ours])
        session.rollback()

    # Of those who may, quota has to be leased first.
    assert [type(each) for each in answers] == [Forbidden, TooFewUnits, Forbidden, TooFewUnits]


def test_two_spellings_of_one_mailbox_are_one_message(call: Call, database: Database) -> None:
    actor = account()
    verified(call, actor)
    to = [{"email": each} for each in ("Jan@Sklep.Example", "jan@sklep.example", "ola@łąka.example")]
    to.append({"email": "OLA@" + "łąka.example".encode("idna").decode()})

    sent = call("send_messages", actor, **{"from": {"email": f"a@{DOMAIN}"}, "to": to, "subject": "x", "text": "x"})

    assert [each["to"] for each in sent["messages"]] == ["Jan@Sklep.Example", "ola@łąka.example"]
    assert sum(states(database, UUID(actor["account_id"])).values()) == 2


def test_a_recipient_whom_no_server_takes_without_smtputf8_is_refused_at_the_door(call: Call) -> None:
    actor = account()
    verified(call, actor)
    to = [{"email": "ola@sklep.example"}, {"email": "żółw@sklep.example"}]

    with pytest.raises(Invalid) as refused:
        call("send_messages", actor, **{"from": {"email": f"a@{DOMAIN}"}, "to": to, "subject": "x", "text": "x"})

    assert [(each["field"], each["code"]) for each in refused.value.errors] == [("to.1.email", "address.local_part")]


def test_accepted_messages_are_no_error_when_their_quota_cannot_be_settled(call: Call, identity: None) -> None:
    actor = account()
    verified(call, actor)
    to = [{"email": f"kto{n}@poczta.example"} for n in range(13)]
    mail = {"from": {"email": f"sklep@{DOMAIN}"}, "to": to, "subject": "Hej", "text": "Hej"}

    accepted = wait_until(lambda: _answered(lambda: call("send_messages", actor, **mail)), what="identity", timeout=15)

    assert len(accepted["messages"]) == 13  # type: ignore[index]


def _answered(ask: Callable[[], Any]) -> Any:

    try:
        return ask()
    except Unavailable:
        return None


def test_single_message_claimed_by_a_dead_sender_is_sent_again(
    database: Database, world: World, launch: Launcher, broker: Broker, heard: Heard
) -> None:
    from chassis.ids import new_id
    from email_gateway.domain.sends import Plan, To
    from email_gateway.usecases import contents, messages

    from .conftest import sender_env, store_content

    account_id = uuid4()
    content_hash = store_content(database, account_id)
    with database.transaction() as session:
        document = contents.get_document(session, account_id=account_id, content_hash=content_hash)
        to, sender = To("ala@poczta.example", "Ala", {"first_name": "Ala"}), f"news@{DOMAIN}"
        messages.accept(session, send_id=new_id(), plan=Plan(account_id, content_hash, document, sender, [to]))
        of_lane = {"lane": channel_lane(Channel.EMAIL, Lane.TRANSACTIONAL)}
        body = session.scalar(text("DELETE FROM outbox WHERE routing_key = :lane RETURNING body"), of_lane)
        header, recipients = read_batches(body, Lane.TRANSACTIONAL)[0]  # type: ignore[misc]
        chunk = Chunk(Batch(header, None, 1), None, recipients)
        chunk.claim = Claim(new_id(), 1)
        claims.insert(cursor_of(session), new_id(), [chunk])

    launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))

    wait_until(lambda: states(database, account_id) == {"delivered": 1}, what="delivery")
    assert [mail["address"] for mail in world.mails()] == ["ala@poczta.example"]


def test_a_registration_is_confirmed_by_one_mail_without_anything_that_was_typed(
    service: RunningProcess, database: Database, world: World, sender: RunningProcess, broker: Broker, heard: Heard
) -> None:
    event = {
        "event_id": str(uuid4()), "occurred_at": "2026-11-24T08:00:00+00:00", "account_id": str(uuid4()),
        "account_name": "evil.example", "login": "anna123", "email": "anna@poczta.example",
    }  # fmt: skip
    enough = {**event, "event_id": str(uuid4()), "email": "inna@poczta.example"}
    event |= {"url": "http://127.0.0.1:8000/email-change/x", "language": "en"}

    for told in (enough, event, event):
        broker.publish_event(events.ACCOUNT_REGISTERED, orjson.dumps(told)).result(10)

    wait_until(world.mails, what="the notice")
    (mail,) = world.mails()
    assert (mail["address"], mail["subject"]) == ("anna@poczta.example", "Confirm your e-mail address in Wici")
    raw = world.call("/messages/1/raw").decode()
    assert "evil" not in raw
    assert "anna123" not in raw
    assert "d=wici.example" in raw
    assert "Auto-Submitted: auto-generated" in raw
    assert "/o/" not in raw
    wait_until(lambda: states(database, UUID(int=0)) == {"delivered": 1})
    assert heard.of(UUID(int=0)) == []


def test_an_account_on_trial_sends_to_its_own_users_from_the_sandbox_until_the_trial_ends(
    call: Call, world: World, sender: RunningProcess, broker: Broker
) -> None:
    actor, own = account(), "anna@poczta.example"
    on_trial(call, actor, own)
    tell_standing(broker, actor, on_trial=True)
    tell_standing(broker, actor, on_trial=True)
    wait_until(lambda: call("list_sender_addresses", actor)["items"], what="the address")

    (address,) = call("list_sender_addresses", actor)["items"]

    assert (address["state"], address["warning"]) == ("verified", None)
    assert address["email"].endswith("@sandbox.wici.example") and address["is_of_trial"]
    with pytest.raises(Conflict, match=r"sender_address\.of_trial"):
        call("delete_sender_address", actor, address_id=address["id"])
    single = {"subject": "Hej", "text": "Hej", "from": {"email": address["email"]}}
    with pytest.raises(Forbidden, match=r"account\.on_trial"):
        call("send_messages", actor, **single, to=[{"email": "obcy@poczta.example"}])
    call("send_messages", actor, **single, to=[{"email": own}])
    wait_until(world.mails, what="the mail")
    assert b"d=wici.example;" in world.call("/messages/1/raw")

    tell_standing(broker, actor, on_trial=False)
    wait_until(lambda: not call("list_sender_addresses", actor)["items"], what="its end")
    with pytest.raises(Forbidden, match=r"email\.sender_not_authorised"):
        call("send_messages", actor, **single, to=[{"email": own}])
    with pytest.raises(Forbidden, match=r"email\.sender_not_authorised"):
        call("send_messages", account(), **single, to=[{"email": own}])


def tell_standing(broker: Broker, actor: dict[str, Any], *, on_trial: bool) -> None:
    told = {
        "event_id": str(uuid4()), "occurred_at": "2026-11-24T08:00:00+00:00",
        "account_id": actor["account_id"], "on_trial": on_trial,
    }  # fmt: skip
    broker.publish_event(events.ACCOUNT_STANDING_CHANGED, orjson.dumps(told)).result(10)


def test_mail_that_identity_asks_for_goes_out_in_the_users_language(
    service: RunningProcess, database: Database, world: World, sender: RunningProcess, broker: Broker
) -> None:
    event = {
        "event_id": str(uuid4()), "occurred_at": "2026-11-24T08:00:00+00:00", "account_id": str(uuid4()),
        "user_id": str(uuid4()), "to": "anna@poczta.example", "language": "en", "template": "password_reset",
        "fields": {"login": "anna123", "url": "http://127.0.0.1:8000/reset/x", "hours_valid": 1},
    }  # fmt: skip

    for _ in range(2):
        broker.publish_event(events.SYSTEM_MAIL_REQUESTED, orjson.dumps(event)).result(10)

    wait_until(world.mails, what="the mail")
    assert [mail["subject"] for mail in world.mails()] == ["A new password in Wici"]


def test_sign_up_is_confirmed_from_the_accounts_own_sender_or_under_its_name(
    call: Call, database: Database, world: World, sender: RunningProcess, broker: Broker
) -> None:
    actor = account()
    verified(call, actor)
    event = {
        "occurred_at": "2026-11-24T08:00:00+00:00", "account_id": actor["account_id"], "submission_id": str(uuid4()),
        "language": "pl", "account_name": "sklepik", "title": "Nowości {{ url }}", "token": "T0ken-_", "days_valid": 7,
    }  # fmt: skip
    own = {"email": f"sklep@{DOMAIN}", "name": "Sklep Łąka"}
    asked = {"a": {"sender": own}, "b": {"sender": {"email": "boss@bank.example"}, "language": "de"}, "c": {}}

    for who, more in asked.items():
        told = orjson.dumps({**event, "event_id": str(uuid4()), "to": f"{who}@poczta.example", **more})
        for _ in range(2):
            broker.publish_event(events.CONFIRMATION_MAIL_REQUESTED, told).result(10)

    wait_until(lambda: len(world.mails()) == 3, what="the three mails")
    mails = {mail["address"][0]: mail for mail in world.mails()}
    parsed = {
        who: email.message_from_bytes(world.call(f"/messages/{mail['number']}/raw"), policy=email.policy.default)
        for who, mail in mails.items()
    }
    assert mails["a"]["subject"] == "Potwierdź zapis: Nowości {{ url }}"
    assert mails["b"]["subject"] == "Please confirm your sign-up: sklepik"
    assert [parseaddr(parsed[who]["From"]) for who in "abc"] == [
        ("Sklep Łąka", f"sklep@{DOMAIN}"),
        ("sklepik", "noreply@wici.example"),
        ("sklepik", "noreply@wici.example"),
    ]
    assert f"d={DOMAIN}" in parsed["a"]["DKIM-Signature"]
    assert [text in parsed[who].get_body().get_content() for who in "ac" for text in ("Nowości", "sklepik")] == [
        True, False, False, True,
    ]  # fmt: skip
    for found in parsed.values():
        assert "/c/T0ken-_\r\n" in found.get_body().get_content()
        assert found["Auto-Submitted"] == "auto-generated" and found["List-Unsubscribe"] is None
    wait_until(lambda: states(database, UUID(actor["account_id"])) == {"delivered": 1})
    wait_until(lambda: states(database, UUID(int=0)) == {"delivered": 2})
    assert call("check_sender", actor, email=own["email"]) == {"authorised": True}
    assert call("check_sender", actor, email="boss@bank.example") == {"authorised": False}
    assert call("check_sender", account(), email=own["email"]) == {"authorised": False}


def test_sender_address_is_confirmed_by_the_mailed_code(
    call: Call, world: World, sender: RunningProcess, database: Database
) -> None:
    actor = account()
    made = call("create_sender_address", actor, email="biuro@poczta.example", name="Biuro")
    assert made["state"] == "pending"
    wait_until(world.mails, what="the code")
    found = re.search(r"(\d{6})", world.mails()[0]["subject"])
    assert found is not None
    code = found[1]

    with pytest.raises(Invalid) as wrong:
        call("confirm_sender_address", actor, address_id=made["id"], code=f"{(int(code) + 1) % 10**6:06d}")
    confirmed = call("confirm_sender_address", actor, address_id=made["id"], code=code)

    assert wrong.value.extra["tries_left"] == 4
    assert confirmed["state"] == "verified"
    prepared = call("prepare_content", actor, sender="biuro@poczta.example", content={"subject": "x", "html": HTML})
    assert prepared["content_hash"]


def test_what_a_mailed_code_or_link_says_is_forgotten_once_it_is_sent(
    call: Call, world: World, sender: RunningProcess, database: Database
) -> None:
    call("create_sender_address", account(), email="biuro@poczta.example")
    wait_until(world.mails, what="the code")
    found = re.search(r"(\d{6})", world.mails()[0]["subject"])
    assert found is not None

    wait_until(lambda: states(database, UUID(int=0)) == {"delivered": 1})

    wait_until(lambda: places_of(database, [found[1]]) == [], what="the code to be gone")


def test_few_codes_are_mailed_for_an_account_and_to_a_mailbox(call: Call, database: Database) -> None:
    actor = account()
    for number in range(10):
        call("create_sender_address", actor, email=f"obcy{number}@poczta.example")
    with pytest.raises(TooManyRequests) as of_account:
        call("create_sender_address", actor, email="obcy10@poczta.example")
    for number in range(2):
        call("create_sender_address", account(), email=f"obcy0+{number}@Poczta.example")
    with pytest.raises(TooManyRequests):
        call("create_sender_address", account(), email="OBCY0@poczta.example")

    assert (of_account.value.code, of_account.value.extra["retry_after"]) == ("sender_address.too_many_codes", 86_400)
    with database.transaction() as session:
        session.execute(text("UPDATE codes_mailed SET mailed_at = mailed_at - interval '1 day'"))
    call("create_sender_address", actor, email="obcy10@poczta.example")

    sender_addresses.forget_codes(database, now=datetime.now(UTC))
    with database.transaction() as session:
        kept = text("SELECT email FROM codes_mailed WHERE account_id = :account_id")
        assert session.scalars(kept, {"account_id": actor["account_id"]}).all() == ["obcy10@poczta.example"]


def code_to(world: World, email: str, *, number: int) -> str:
    """The code in the mail of this number (from 1) to the address."""

    def mails() -> list[Any]:
        return [mail for mail in world.mails() if mail["address"] == email]

    wait_until(lambda: len(mails()) >= number, what="the code")
    found = re.search(r"(\d{6})", mails()[number - 1]["subject"])
    assert found is not None
    return found[1]


def test_a_code_that_is_sent_again_takes_the_place_of_the_one_before(
    call: Call, world: World, sender: RunningProcess
) -> None:
    actor, email = account(), "biuro@poczta.example"
    made = call("create_sender_address", actor, email=email)
    first = code_to(world, email, number=1)
    for _ in range(5):
        with pytest.raises(Invalid):
            call("confirm_sender_address", actor, address_id=made["id"], code=f"{(int(first) + 1) % 10**6:06d}")

    again = call("send_sender_address_code", actor, address_id=made["id"])

    assert again == made
    second = code_to(world, email, number=2)
    if first != second:  # one time in a million
        with pytest.raises(Invalid):
            call("confirm_sender_address", actor, address_id=made["id"], code=first)
    assert call("confirm_sender_address", actor, address_id=made["id"], code=second)["state"] == "verified"
    with pytest.raises(Conflict, match=r"sender_address\.verified"):
        call("send_sender_address_code", actor, address_id=made["id"])


def test_codes_that_are_sent_again_or_to_deleted_addresses_count(call: Call) -> None:
    actor, email = account(), "obcy@poczta.example"
    first = call("create_sender_address", actor, email=email)
    call("send_sender_address_code", actor, address_id=first["id"])
    call("delete_sender_address", actor, address_id=first["id"])
    second = call("create_sender_address", actor, email=email)

    with pytest.raises(TooManyRequests, match=r"sender_address\.too_many_codes"):
        call("send_sender_address_code", actor, address_id=second["id"])
    call("delete_sender_address", actor, address_id=second["id"])
    with pytest.raises(TooManyRequests, match=r"sender_address\.too_many_codes"):
        call("create_sender_address", account(), email="Obcy+1@poczta.example")


def test_no_code_is_sent_again_once_the_domain_has_such_mail_refused(call: Call, database: Database) -> None:
    actor = account()
    made = call("create_sender_address", actor, email="biuro@poczta.example")
    with database.transaction() as session:
        session.execute(text("UPDATE sender_policies SET policy = 'reject' WHERE domain = 'poczta.example'"))

    with pytest.raises(Invalid, match=r"sender_address\.refused_by_domain"):
        call("send_sender_address_code", actor, address_id=made["id"])


def test_an_address_whose_domain_was_verified_meanwhile_needs_no_code(call: Call, database: Database) -> None:
    actor = account()
    made = call("create_sender_address", actor, email="ala@sklep.example")
    verified(call, actor)

    assert call("send_sender_address_code", actor, address_id=made["id"])["state"] == "verified"


def test_nothing_is_sent_from_a_deleted_address(call: Call, database: Database) -> None:
    actor, email = account(), "biuro@poczta.example"
    made = call("create_sender_address", actor, email=email)
    with database.transaction() as session:
        session.execute(text("UPDATE sender_addresses SET state = 'verified'"))
    content = {"subject": "x", "html": HTML}
    call("prepare_content", actor, sender=email, content=content)

    call("delete_sender_address", actor, address_id=made["id"])

    assert call("list_sender_addresses", actor)["items"] == []
    with pytest.raises(Forbidden, match=r"email\.sender_not_authorised"):
        call("prepare_content", actor, sender=email, content=content)
    with pytest.raises(NotFound):
        call("delete_sender_address", actor, address_id=made["id"])


def test_another_accounts_address_is_not_there(call: Call) -> None:
    made, stranger = call("create_sender_address", account(), email="biuro@poczta.example"), account()

    for method in ("send_sender_address_code", "delete_sender_address"):
        with pytest.raises(NotFound, match=r"sender_address\.not_found"):
            call(method, stranger, address_id=made["id"])


def test_codes_run_out_of_tries(call: Call, database: Database) -> None:
    actor = account()
    made = call("create_sender_address", actor, email="biuro@poczta.example")
    with database.transaction() as session:
        session.execute(text("UPDATE sender_addresses SET code_hash = encode(sha256('123456'), 'hex')"))

    for _ in range(5):
        with pytest.raises(Invalid):
            call("confirm_sender_address", actor, address_id=made["id"], code="000000")
    with pytest.raises(Invalid):
        call("confirm_sender_address", actor, address_id=made["id"], code="123456")


def test_mail_routes_are_operators_and_are_followed(
    call: Call, database: Database, world: World, launch: Launcher, broker: Broker, heard: Heard
) -> None:
    from .conftest import Campaign, sender_env, store_content

    with pytest.raises(Forbidden):
        call("create_mail_route", account(), reason="Checked", pattern="*", kind="mx")
    with pytest.raises(Invalid):
        call("create_mail_route", OPERATOR, reason="Checked", pattern="*", kind="smarthost")
    route = call(
        "create_mail_route", OPERATOR, reason="Checked", pattern="poczta.example", kind="smarthost", host="127.0.0.1",
        port=world.smtp_port,
        tls="off", username=None, password="x",
    )  # fmt: skip
    assert "password" not in route
    with pytest.raises(Conflict):
        call("create_mail_route", OPERATOR, reason="Checked", pattern="poczta.example", kind="mx")
    account_id = uuid4()
    campaign = Campaign(broker, account_id, store_content(database, account_id))
    launch(
        "email_gateway.outbound",
        service="email_gateway",
        env=sender_env(world, EMAIL_DEFAULT_ROUTE="smtp://127.0.0.1:9"),
    )

    campaign.publish(campaign.batch(["ala@poczta.example"]))

    wait_until(world.mails, what="the mail")
    call("delete_mail_route", OPERATOR, reason="Checked", route_id=route["id"])
    assert call("list_mail_routes", OPERATOR)["items"] == []


def test_closing_an_account_erases_what_was_held(
    service: RunningProcess, call: Call, database: Database, broker: Broker
) -> None:
    actor = account()
    verified(call, actor)
    call("prepare_content", actor, sender=f"a@{DOMAIN}", content={"subject": "x", "html": HTML})
    with database.transaction() as session:
        outbox.record(session, events.ACCOUNT_CLOSED, account_id=UUID(actor["account_id"]))

    wait_until(lambda: call("list_sender_domains", actor)["items"] == [], what="erasure")
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM contents")) == 0


def test_lists_end_without_a_cursor_to_an_empty_page(call: Call) -> None:
    actor = account()
    for number in range(4):
        call("create_sender_domain", actor, domain=f"sklep{number}.example")
        call("create_sender_address", actor, email=f"a{number}@sklep.example")
        call("create_mail_route", OPERATOR, reason="Checked", pattern=f"p{number}.example", kind="mx")

    for method, asker in [
        ("list_sender_domains", actor), ("list_domains", OPERATOR),
        ("list_sender_addresses", actor), ("list_mail_routes", OPERATOR),
    ]:  # fmt: skip
        count = len(call(method, asker, limit=100)["items"])
        assert count >= 4
        assert call(method, asker, limit=count)["next_cursor"] is None, method
        first = call(method, asker, limit=count - 1)
        assert len(call(method, asker, limit=100, cursor=first["next_cursor"])["items"]) == 1, method


@pytest.mark.parametrize("cursor", ["x", "'; --", urllib.parse.quote("ż")])
def test_foreign_cursors_are_refused(call: Call, cursor: str) -> None:
    with pytest.raises(Invalid):
        call("list_sender_domains", account(), cursor=cursor)


def test_calls_without_an_account_are_refused(call: Call) -> None:
    with pytest.raises(Forbidden):
        call("list_sender_domains", {})


def test_senders_and_mail_routes_are_told_to_the_audit_trail(call: Call, acts_told: Callable[..., list[Any]]) -> None:
    actor = account()
    domain = verified(call, actor)
    address = call("create_sender_address", actor, email=f"ala@{domain['domain']}", name=None)
    call("check_sender_domain", actor, domain_id=domain["id"])
    call("delete_sender_domain", actor, domain_id=domain["id"])
    call("delete_sender_address", actor, address_id=address["id"])
    route = call(
        "create_mail_route", OPERATOR, reason="Data centre", pattern="acts.example", kind="smarthost",
        host="127.0.0.1", password="hunter2",
    )  # fmt: skip
    call("delete_mail_route", OPERATOR, reason="No more", route_id=route["id"])

    things = {domain["id"], address["id"], route["id"]}
    told = acts_told(events.EMAIL_GATEWAY_ACT, things, until="mail_route.deleted")

    assert [(act["action"], act["target_id"]) for act in told] == [
        ("sender_domain.added", domain["id"]),
        ("sender_domain.approved", domain["id"]),
        ("sender_address.added", address["id"]),
        ("sender_domain.deleted", domain["id"]),
        ("sender_address.deleted", address["id"]),
        ("mail_route.created", route["id"]),
        ("mail_route.deleted", route["id"]),
    ]
    assert [act["reason"] for act in told if act["operator_id"]][1:] == ["Data centre", "No more"]
    assert str(told[1]["account_id"]) == actor["account_id"] and told[1]["reason"]
    assert "hunter2" not in str(told) and "ala@" not in str(told)


def test_a_changed_plan_ends_the_lease_of_the_old_one(
    service: RunningProcess, database: Database, broker: Broker
) -> None:
    account_id = str(uuid4())
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO quota_leases (reservation_id, account_id, used_at)"
                " VALUES (gen_random_uuid(), :account, now() + interval '1 hour')"  # never idle
            ),
            {"account": account_id},
        )
    event = {"event_id": str(uuid4()), "occurred_at": "2026-11-24T08:00:00+00:00"}
    told = orjson.dumps({**event, "account_id": account_id, "plan": "none"})
    broker.publish_event(events.PLAN_CHANGED, told).result(10)

    def has_ended() -> bool:
        with database.transaction() as session:
            return bool(session.scalar(text("SELECT bool_and(is_ending) FROM quota_leases")))

    wait_until(has_ended, what="the lease's end")
