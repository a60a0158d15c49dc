"""Strangers, thieves and spammers at the doors: what a new account, a stopped one and a stolen secret can do."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from api import Refused, poll
from journey import DOMAIN, Journey

STRANGER = "+48600700800"


def code_of(attempt):
    """The status and code by which the API refuses; (0, "") where it does not."""
    try:
        attempt()
    except Refused as refused:
        return refused.status, refused.code
    return 0, ""


@pytest.fixture
def newcomer(environ):
    """A new account with senders, and nothing else from an operator."""
    made = Journey(environ)
    made.register()
    made.become_operator()
    made.connect_simulators()
    made.authorise_senders()
    return made


def sms(journey, to, **more):
    return journey.api.post("/v1/sms", {"from": "Wici", "to": [to], "text": "Hej", **more})


def email(journey, to):
    sender = {"email": f"sklep@{DOMAIN}"}
    return journey.api.post("/v1/emails", {"from": sender, "to": [{"email": to}], "subject": "Hej", "text": "Hej"})


def proved_number(journey):
    """A trial number, confirmed by the code that the phone got."""
    number = f"+4850{secrets.randbelow(10**7):07d}"
    added = journey.api.post("/v1/trial-numbers", {"phone": number})
    received = poll(lambda: [part for part in journey.received_sms() if part["to"] == number], bool, seconds=20)
    [code] = re.findall(r"\b[0-9]{6}\b", received[-1]["text"])
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    path = f"/v1/trial-numbers/{added['id']}/confirmation"
    assert code_of(lambda: journey.api.post(path, {"code": wrong})) == (422, "request.invalid")
    assert journey.api.post(path, {"code": code})["confirmed_at"]
    return number


def text_of(journey, mail):
    raw = journey.simulators.mailbox.get(f"/messages/{mail['number']}/raw")
    return message_from_bytes(raw, policy=policy.default).get_body(("plain",)).get_content()


def confirm_email(journey):
    """The owner follows the link in the notice of registration; the address."""
    me = journey.api.get("/v1/me")
    mail = poll(lambda: [mail for mail in journey.received_mail() if mail["address"] == me["email"]], bool, seconds=20)
    token = re.search(r"/email-change/(\S+)", text_of(journey, mail[0]))[1]
    journey.public.put(f"/v1/email-changes/{token}", None)
    assert journey.api.get("/v1/me")["email_confirmed"]
    return me["email"]


def group_of(journey, *phones):
    group = journey.api.post("/v1/groups", {"name": f"Grupa {secrets.token_hex(3)}"})["id"]
    for phone in phones:
        add_to(journey, group, phone)
    return group


def add_to(journey, group, phone):
    consents = {"sms": {"granted": True, "source": "test"}}
    journey.api.post("/v1/contacts", {"phone": phone, "consents": consents, "group_ids": [group]})


# --- A new account


def test_a_new_account_reaches_nobody_but_who_has_said_yes(newcomer):
    assert newcomer.api.get("/v1/account")["state"] == "trial"
    number = proved_number(newcomer)
    address = confirm_email(newcomer)
    group = group_of(newcomer, number)
    own = newcomer.sms_campaign(group, text="Hej")
    newcomer.schedule(own)
    newcomer.wait_sent(own)
    add_to(newcomer, group, STRANGER)
    campaign = newcomer.sms_campaign(group, text="Hej")
    tested = {"addresses": [STRANGER]}

    for attempt in (
        lambda: sms(newcomer, STRANGER),
        lambda: sms(newcomer, STRANGER, lane="otp"),
        lambda: email(newcomer, "ktos@poczta.example"),
        lambda: newcomer.api.post(f"/v1/campaigns/{campaign}/test", tested),
        lambda: newcomer.api.post(f"/v1/campaigns/{campaign}/schedule", {}),
    ):
        assert code_of(attempt) == (403, "account.on_trial")

    assert sms(newcomer, number)["messages"]
    assert email(newcomer, address)["messages"]


def test_whoever_is_added_after_a_campaign_was_scheduled_is_not_reached_either(newcomer):
    number = proved_number(newcomer)
    group = group_of(newcomer, number)
    campaign = newcomer.sms_campaign(group, text="Hej")
    soon = datetime.now(UTC) + timedelta(seconds=3)
    newcomer.api.post(f"/v1/campaigns/{campaign}/schedule", {"at": soon.isoformat()})
    add_to(newcomer, group, STRANGER)

    ended = poll(lambda: newcomer.campaign(campaign), lambda now: now["state"] in ("failed", "sent"), seconds=30)

    assert (ended["state"], ended["failure"]["code"]) == ("failed", "account.on_trial")


def test_an_operator_ends_a_trial_and_a_paid_plan_does_too(newcomer, environ):
    path = f"/v1/operator/accounts/{newcomer.account_id}/trial-end"
    assert newcomer.operator.post(path, {"reason": "Known"})["state"] == "active"
    poll(lambda: code_of(lambda: sms(newcomer, STRANGER)), lambda code: code == (0, ""), seconds=5)

    other = Journey(environ)
    other.register()
    other.operator = newcomer.operator
    assert other.give_plan("starter")["state"] == "active"


def test_codes_to_a_number_are_few_whoever_asks(newcomer, environ):
    number = f"+4851{secrets.randbelow(10**7):07d}"
    another = Journey(environ)
    another.register()

    answers = [
        code_of(lambda asks=asks: asks.api.post("/v1/trial-numbers", {"phone": number}))
        for asks in (newcomer, another, newcomer, another, newcomer)
    ]

    assert answers[:3] == [(0, "")] * 3
    assert {status for status, _ in answers[3:]} == {429}
