"""Strangers, thieves and spammers at the doors: what a new account, a stopped one and a stolen secret can do."""

import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

import psycopg
import pyotp
import pytest
from api import Api, Refused, poll
from journey import DOMAIN, Journey

from chassis.ids import new_id
from contracts import tokens

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


def click_token(journey):
    """A click link of the account, as its mails hold them."""
    key = base64.b64decode(journey.environ["WICI_LINK_KEYS"].split(",")[0])
    sign = tokens.signer(
        key, tokens.TokenKind.CLICK, account_id=UUID(journey.account_id), campaign_id=None, target="https://sklep.example/"
    )  # fmt: skip
    return sign(new_id(), None)


def click(journey, token):
    """The status and text of the answer to a click, which is not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", int(journey.environ["WICI_GATEWAY_PORT"]), timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"/t/{token}", headers={"Accept-Language": "en"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def clicked(journey, token):
    """The statuses of so many clicks that each worker of the gateway has one."""
    return {click(journey, token)[0] for _ in range(16)}


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


def test_a_form_of_a_new_account_mails_no_stranger_in_its_own_words(newcomer):
    """The title, the sender's name and the sender are the account's own; they reach none but who has said yes."""
    own = confirm_email(newcomer)
    sender = {"email": f"sklep@{DOMAIN}", "name": "Twój bank"}
    wanted = {"name": "F", "title": "Zaloguj się od nowa", "consent_texts": {"pl": "Tak."}, "sender": sender}
    form = newcomer.api.post("/v1/forms", wanted)["id"]

    def sign_up(email):
        body = {"fields": {"email": email}, "consent": True}
        return newcomer.public.post(f"/v1/forms/{form}/submissions", body)

    stranger = f"ktos{secrets.token_hex(4)}@poczta.example"
    answers = [sign_up(stranger), sign_up(own)]

    def titled(address):
        return [mail for mail in newcomer.received_mail() if mail["address"] == address and "od nowa" in subject(mail)]

    def subject(mail):
        raw = newcomer.simulators.mailbox.get(f"/messages/{mail['number']}/raw")
        return str(message_from_bytes(raw, policy=policy.default)["subject"])

    poll(lambda: titled(own), bool, seconds=20)
    assert answers[0] == answers[1]
    assert answers[0]["state"] == "trial"
    assert [mail for mail in newcomer.received_mail() if mail["address"] == stranger] == []
    newcomer.end_trial()
    sign_up(stranger)
    poll(lambda: titled(stranger), bool, seconds=20)


def test_an_operator_ends_a_trial_and_a_paid_plan_does_too(newcomer, environ):
    assert newcomer.end_trial()["state"] == "active"
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


# --- A stopped account

STOPPED_SECONDS = 2.0


def suspend(journey):
    path = f"/v1/operator/accounts/{journey.account_id}/suspension"
    return journey.operator.put(path, {"reason": "Sends to bought lists"})


def lift(journey):
    path = f"/v1/operator/accounts/{journey.account_id}/suspension?reason=Cleared"
    return journey.operator.delete(path)


def test_an_operator_stops_an_account_within_two_seconds_and_lifts_that(journey, tmp_path):
    file = tmp_path / "many.csv"
    file.write_text("telefon\n" + "".join(f"+48661{number:06d}\n" for number in range(300)))
    group = journey.import_contacts(file, group="Wielu", consent=["sms"])["group_ids"][0]
    campaign = journey.sms_campaign(group, text="Hej")
    journey.api.patch(f"/v1/campaigns/{campaign}", {"options": {"throttle_per_hour": 36_000}})
    later = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    scheduled = sms(journey, "+48662000001", schedule_at=later)["messages"][0]["id"]
    key = journey.public.with_token(journey.api.post("/v1/api-keys", {"name": "k", "scopes": ["sms.send"]})["key"])
    token = click_token(journey)
    journey.schedule(campaign)
    poll(journey.received_sms, lambda parts: any(part["to"].startswith("+48661") for part in parts), seconds=20)
    assert clicked(journey, token) == {302}

    assert suspend(journey)["state"] == "suspended"
    ends = time.monotonic() + STOPPED_SECONDS
    refused = (403, "account.suspended")
    poll(lambda: code_of(lambda: journey.api.get("/v1/me")), lambda code: code == refused, seconds=STOPPED_SECONDS)
    poll(lambda: code_of(lambda: key.post("/v1/sms", {"from": "Wici", "to": [STRANGER], "text": "Hej"})),
         lambda code: code == refused, seconds=STOPPED_SECONDS)  # fmt: skip
    poll(lambda: clicked(journey, token), lambda statuses: statuses == {410}, seconds=STOPPED_SECONDS)
    assert "stopped the account" in click(journey, token)[1]
    time.sleep(max(0.0, ends - time.monotonic()))

    reached = len(journey.received_sms())
    time.sleep(4)  # in which the throttle would let forty go, and the scheduled message would be due
    assert len(journey.received_sms()) == reached

    assert lift(journey)["state"] == "active"
    poll(lambda: code_of(lambda: journey.api.get("/v1/me")), lambda code: code == (0, ""), seconds=5)
    assert journey.campaign(campaign)["state"] == "paused"
    poll(lambda: journey.api.get(f"/v1/sms/{scheduled}")["state"], lambda state: state == "delivered", seconds=20)
    poll(lambda: clicked(journey, token), lambda statuses: statuses == {302}, seconds=STOPPED_SECONDS)
    journey.api.post(f"/v1/campaigns/{campaign}/cancel")


def test_who_logs_in_to_a_stopped_account_is_told_so_with_the_right_password_alone(journey):
    suspend(journey)

    def log_in(password):
        return code_of(lambda: journey.public.post("/v1/sessions", {"login": journey.login, "password": password}))

    assert log_in(journey.password) == (403, "account.suspended")
    assert log_in(WRONG) == WRONG_CREDENTIALS
    lift(journey)


# --- Stolen and lost secrets

WRONG = "nie to hasło, nie"
WRONG_CREDENTIALS = (401, "session.wrong_credentials")
BUSY = (429, "session.busy")


def from_address(api, address):
    """The same API as somebody at another address sees it: the system believes its proxy."""
    return AddressedApi(api.base_url, api.token, address)


class AddressedApi(Api):
    def __init__(self, base_url, token, address):
        super().__init__(base_url, token)
        self.address = address

    def with_token(self, token):
        return AddressedApi(self.base_url, token, self.address)

    def request(self, method, path, body=None, headers=None):
        return super().request(method, path, body, {**(headers or {}), "X-Forwarded-For": self.address})


def test_a_thiefs_keys_go_with_the_key_that_made_them(journey):
    stolen = journey.api.post("/v1/api-keys", {"name": "sklep", "scopes": ["account.keys", "sms.send"]})
    thief = journey.public.with_token(stolen["key"])
    hidden = thief.post("/v1/api-keys", {"name": "sklep2", "scopes": ["account.keys"]})
    deeper = journey.public.with_token(hidden["key"]).post("/v1/api-keys", {"name": "s3", "scopes": ["account.keys"]})
    assert deeper["created_by_key"] == hidden["id"]

    journey.api.delete(f"/v1/api-keys/{stolen['id']}")

    for key in (stolen, hidden, deeper):
        api = journey.public.with_token(key["key"])
        poll(lambda api=api: code_of(lambda: api.get("/v1/api-keys")), lambda code: code[0] == 401, seconds=2)
    assert list(journey.api.pages("/v1/api-keys")) == []


def test_a_key_sets_no_ip_rules_and_an_operator_lets_in_who_is_locked_out(journey):
    key = journey.api.post("/v1/api-keys", {"name": "k", "scopes": ["account.security"]})["key"]
    rules = {"panel": ["198.51.100.0/24"], "api": []}
    attempt = journey.public.with_token(key)
    assert code_of(lambda: attempt.put("/v1/account/ip-rules", rules)) == (403, "session.required")

    office = from_address(journey.public, "198.51.100.7")
    credentials = {"login": journey.login, "password": journey.password}
    session = office.post("/v1/sessions", credentials)
    office.with_token(session["access_token"]).put("/v1/account/ip-rules", rules)
    refused = (403, "address.not_allowed")
    refresh = {"refresh_token": session["refresh_token"]}
    assert code_of(lambda: journey.public.post("/v1/sessions", credentials)) == refused
    assert code_of(lambda: journey.public.post("/v1/sessions/refresh", refresh)) == refused
    assert office.post("/v1/sessions/refresh", refresh)["access_token"]

    path = f"/v1/operator/accounts/{journey.account_id}/ip-rules-reset"
    assert journey.operator.post(path, {"reason": "Moved to a new office"}) == {"panel": [], "api": []}
    assert journey.public.post("/v1/sessions", credentials)["access_token"]


def test_a_browser_keeps_its_session_in_a_cookie_over_reloads_until_a_tab_logs_out(journey):
    browser = {"Wici-Session": "cookie"}

    def call(method, path, body=None, cookie=None, token=None):
        headers = {**browser, "Content-Type": "application/json"}
        headers |= {"Cookie": cookie} if cookie else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        address = urllib.parse.urlsplit(journey.public.base_url)
        with contextlib.closing(http.client.HTTPConnection(address.hostname, address.port, timeout=60)) as connection:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}"), (answer.headers["Set-Cookie"] or "").split(";")[0]

    status, opened, cookie = call("POST", "/v1/sessions", {"login": journey.login, "password": journey.password})
    assert (status, opened["refresh_token"]) == (201, None)
    with ThreadPoolExecutor(2) as tabs:
        [one, other] = tabs.map(lambda _tab: call("POST", "/v1/sessions/refresh", cookie=cookie), range(2))
    assert one[0] == other[0] == 200
    assert one[1]["access_token"] == other[1]["access_token"], "two tabs share one chain of tokens"
    token, cookie = one[1]["access_token"], one[2]
    assert call("DELETE", "/v1/sessions/current", cookie=cookie, token=token)[::2] == (204, "wici_refresh=")
    poll(lambda: call("GET", "/v1/me", token=token)[0], lambda status: status == 401, seconds=30)  # the other tab
    status, problem, gone = call("POST", "/v1/sessions/refresh", cookie=cookie)
    assert (status, problem["code"], gone) == (401, "session.invalid", "wici_refresh=")


def test_strangers_do_not_lock_an_operator_out_nor_a_user_from_home(journey, environ):
    operator = operator_of(environ)
    opened = log_in_operator(journey, operator, new_password=True)
    assert opened["access_token"]
    with psycopg.connect(environ["IDENTITY_DATABASE_URL"], autocommit=True) as identity:
        for number in range(12):
            stranger = from_address(journey.public, f"203.0.113.{number}")
            guess = {"login": operator["login"], "password": WRONG, "totp": "000000"}
            looked_at(lambda stranger=stranger, guess=guess: stranger.post("/v1/operator/sessions", guess))
            credentials = {"login": journey.login, "password": WRONG}
            looked_at(lambda stranger=stranger, body=credentials: stranger.post("/v1/sessions", body))
            # From the fifth on a guess has to wait for seconds; nobody does so for a test.
            identity.execute(
                "UPDATE login_throttles SET blocked_until = now() WHERE blocked_until < now() + interval '1 min'"
            )
    guess = {"login": operator["login"], "password": operator["chosen"], "totp": "000000"}
    far = from_address(journey.public, "192.0.2.77")
    assert code_of(lambda: far.post("/v1/operator/sessions", guess))[0] == 429
    credentials = {"login": journey.login, "password": journey.password}
    assert code_of(lambda: far.post("/v1/sessions", credentials))[0] == 429

    assert log_in_operator(journey, operator, at=far)["access_token"], "a right code has a lane of its own"
    assert journey.public.post("/v1/sessions", credentials)["access_token"], "and so has the place of earlier log-ins"
    unlocked = subprocess.run(
        [sys.executable, "-m", "identity.commands.operators", "unlock", operator["login"]],
        env={**os.environ, **environ}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert operator["login"] in unlocked.stdout
    assert looked_at(lambda: far.post("/v1/operator/sessions", guess)) == (401, "session.totp_wrong")


def looked_at(attempt):
    """A guess that counts: whoever finds the machine busy, by a 503 or for want of a turn, has not guessed yet."""
    for _ in range(60):
        came_of_it = code_of(attempt)
        if came_of_it[0] != 503 and came_of_it != BUSY:
            break
        time.sleep(1)
    return came_of_it


def operator_of(environ):
    login = f"dyzur{secrets.token_hex(4)}"
    command = [sys.executable, "-m", "identity.commands.operators", "add", login, f"{login}@wici.example", "--json"]
    made = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=True)
    return {**json.loads(made.stdout), "chosen": secrets.token_urlsafe(18), "used": 0}


def log_in_operator(journey, operator, *, at=None, new_password=False):
    """With the next code that has not been used: the one after the present is taken too."""
    step = max(int(time.time()) // 30, operator["used"] + 1)
    operator["used"] = step
    body = {"login": operator["login"], "totp": pyotp.TOTP(operator["totp_secret"]).at(step * 30)}
    passwords = {"password": operator["chosen"]}
    if new_password:
        passwords = {"password": operator["password"], "new_password": operator["chosen"]}
    return (at or journey.public).post("/v1/operator/sessions", {**body, **passwords})


def test_many_log_ins_at_once_with_the_right_password_are_all_let_in(journey):
    credentials = {"login": journey.login, "password": journey.password}
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: code_of(lambda: journey.public.post("/v1/sessions", credentials)), range(8)))
    assert answers == [(0, "")] * 8


def logged_in(attempt):
    """As a program does it: whoever is told that the machine does not come to it (503) comes again; 429 is an end."""
    for _ in range(30):
        came_of_it = code_of(attempt)
        if came_of_it[0] != 503:
            break
        time.sleep(1)
    return came_of_it


def test_a_crowd_of_guessing_strangers_keeps_nobody_from_logging_in_at_home(journey):
    """Each from another address, for another login: no counter of theirs stops them, only turns do."""
    credentials = {"login": journey.login, "password": journey.password}
    assert journey.public.post("/v1/sessions", credentials)["access_token"]

    def guess(number):
        stranger = from_address(journey.public, f"198.18.{number // 200}.{number % 200}")
        return code_of(lambda: stranger.post("/v1/sessions", {"login": f"nikt{number}", "password": WRONG}))

    with ThreadPoolExecutor(40) as crowd:
        guesses = [crowd.submit(guess, number) for number in range(400)]
        at_home = [logged_in(lambda: journey.public.post("/v1/sessions", credentials)) for _ in range(8)]
        answers = {one.result() for one in guesses}

    assert set(at_home) == {(0, "")}
    # Of strangers, on a machine that is busy enough, some wait in vain: 503, by whatever name.
    assert {answer for answer in answers if answer[0] != 503} <= {WRONG_CREDENTIALS, BUSY}
    assert BUSY in answers


def test_an_old_session_makes_no_key_before_it_has_proved_who_it_is(journey, environ):
    """The session is made old where sessions are kept: nobody waits ten minutes for a test."""
    with psycopg.connect(environ["IDENTITY_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "UPDATE sessions SET proved_at = proved_at - interval '11 minutes' WHERE account_id = %s",
            (journey.account_id,),
        )
    wanted = {"name": "k", "scopes": ["sms.send"]}
    proof = "/v1/sessions/current/proof"
    assert code_of(lambda: journey.api.post("/v1/api-keys", wanted)) == (403, "session.proof_required")
    assert code_of(lambda: journey.api.post(proof, {"password": WRONG})) == (422, "request.invalid")

    journey.api.post(proof, {"password": journey.password})

    assert journey.api.post("/v1/api-keys", wanted)["key"]


def test_who_may_import_neither_archives_nor_exports_by_it(environ, tmp_path):
    owner = Journey(environ)
    owner.register()
    people = tmp_path / "people.csv"
    people.write_text("email\nala@poczta.example\n")
    group = owner.import_contacts(people, group="Ala", consent=["email"])["group_ids"][0]
    export_id = owner.api.post("/v1/exports", {"group_id": group, "format": "csv"})["id"]
    poll(lambda: owner.api.get(f"/v1/exports/{export_id}"), lambda export: export["state"] == "done", seconds=60)
    key = owner.api.post("/v1/api-keys", {"name": "Import", "scopes": ["contacts.import"]})["key"]
    importer = owner.api.with_token(key)
    archive = {"archive": {"reason": "spam", "note": ""}}

    for path in ("/v1/imports", "/v1/imports/preview"):
        assert code_of(lambda path=path: importer.upload(path, people, options=archive)) == (403, "permission.missing")
        attempt = lambda path=path: importer.post(path, {"upload_id": export_id})  # noqa: E731
        assert code_of(attempt) == (404, "upload.not_found")
    assert owner.api.get("/v1/archive")["items"] == []
