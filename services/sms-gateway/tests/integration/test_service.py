"""The Nameko service under `nameko run`, asked over the bus; a stand-in plays identity and grants 100 at a time."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from tls_peer import identity, tls_carrier

from chassis.broker import Broker
from chassis.database import Database
from chassis.gathering import Gatherer
from chassis.ids import new_id
from chassis.rpc_client import Gathered, RpcClient
from chassis.testing import SECRET_KEYS, RunningProcess, free_port, wait_until
from chassis.testing_clients import PatientClient
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, PlanLimit
from contracts.events import ACCOUNT_CLOSED, PLAN_CHANGED, SHORT_LINK_HOST_CHANGED
from contracts.rpc import Actor

STAND_IN = """
from contracts.errors import PlanLimit
from nameko.rpc import rpc
from chassis.service import Health

class Identity:
    name = "identity"
    health = Health()

    @rpc(expected_exceptions=PlanLimit)
    def lease_quota(self, actor, payload):
        if payload["at_least"] > 100:
            raise PlanLimit("quota.exhausted", "", {"limit": 100, "remaining": 100})
        return {"granted": payload["at_least"], "has_ended": False}

    @rpc
    def use_quota(self, actor, payload):
        return {}

    @rpc
    def release_quota(self, actor, payload):
        return {}
"""

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def services(
    amqp_url: str, database_url: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Both services, once for all tests here: Nameko takes seconds to start."""
    folder = tmp_path_factory.mktemp("services")
    (folder / "identity_stand_in.py").write_text(STAND_IN)
    nameko = str(Path(sys.executable).with_name("nameko"))
    running = []
    for target in ("identity_stand_in:Identity", "sms_gateway.service:SmsGatewayService"):
        environ = {
            **os.environ, "AMQP_URL": amqp_url, "HEALTH_PORT": str(free_port()), "WICI_SECRET_KEYS": SECRET_KEYS,
            "SMS_GATEWAY_DATABASE_URL": database_url("sms_gateway"),
            "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}",
        }  # fmt: skip
        log = folder / f"{target.split(':')[0]}.log"
        running.append(RunningProcess([nameko, "run", "--broker", amqp_url, target], environ, log))
    for process in running:
        process.wait_ready()
    yield
    for process in running:
        process.stop()


@pytest.fixture
def call(services: None, broker: Broker, database: Database) -> Call:
    client = PatientClient(Gatherer(RpcClient(broker), {"sms_gateway.send_messages"}))
    return lambda name, actor, payload: client.call(f"sms_gateway.{name}", actor, payload)


def an_account() -> Actor:
    return {"account_id": str(new_id()), "permissions": ["sms"]}


OPERATOR: Actor = {"operator_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00", "account_id": None}
WHY = {"reason": "Checked"}


def with_sender(call: Call, sender: str = "Wici") -> Actor:
    actor = an_account()
    wanted = call("request_sender_id", actor, {"sender": sender})
    call("decide_sender_id", OPERATOR, {"sender_id": wanted["id"], "decision": "verify", "reason": "Checked"})
    assert call("accept_sender_id", actor, {"sender_id": wanted["id"]})["state"] == "active"
    return actor


def test_a_sender_id_from_request_to_active(call: Call) -> None:
    actor = an_account()
    wanted = call("request_sender_id", actor, {"sender": "Sklep 24"})
    assert wanted["state"] == "requested"
    with pytest.raises(Conflict, match="wrong_state"):
        call("accept_sender_id", actor, {"sender_id": wanted["id"]})
    with pytest.raises(Forbidden):
        call("decide_sender_id", actor, {"sender_id": wanted["id"], "decision": "activate", "reason": "Checked"})
    call("decide_sender_id", OPERATOR, {"sender_id": wanted["id"], "decision": "verify", "reason": "Checked"})
    with pytest.raises(NotFound):
        call("accept_sender_id", an_account(), {"sender_id": wanted["id"]})
    assert call("accept_sender_id", actor, {"sender_id": wanted["id"]})["state"] == "active"
    assert [row["sender"] for row in call("list_sender_ids", actor, {})["items"]] == ["Sklep 24"]
    with pytest.raises(Conflict, match=r"sender\.exists"):
        call("request_sender_id", actor, {"sender": "SKLEP 24"})
    with pytest.raises(Invalid, match=r"sender\.protected"):
        call("request_sender_id", actor, {"sender": "P0LICJA"})


def test_content_is_prepared_only_under_an_active_sender(call: Call) -> None:
    stranger = an_account()
    content = {"text": "Hej {{ first_name | default('Kliencie') }} {{ city }}"}
    refused = call("prepare_content", stranger, {"sender": "Wici", "content": content})
    assert [problem["code"] for problem in refused["problems"]] == ["sender.not_active"]
    actor = with_sender(call)
    prepared = call("prepare_content", actor, {"sender": "Wici", "content": content})
    assert prepared["problems"] == []
    assert prepared["variables"] == ["city", "first_name"]
    assert call("prepare_content", actor, {"sender": "Wici", "content": content}) == prepared
    broken = call("prepare_content", actor, {"sender": "Wici", "content": {"text": "{{ oops"}})
    assert [problem["code"] for problem in broken["problems"]] == ["template.invalid"]

    preview = call("render_preview", actor, {"content_hash": prepared["content_hash"], "fields": {"city": "Łódź"}})
    assert (preview["text"], preview["encoding"], preview["parts"]) == ("Hej Kliencie Łódź", "ucs2", 1)
    bare = call("render_preview", actor, {"content_hash": prepared["content_hash"], "fields": {}})
    assert (bare["text"], bare["encoding"]) == ("Hej Kliencie ", "gsm")
    with pytest.raises(NotFound):
        call("render_preview", an_account(), {"content_hash": prepared["content_hash"], "fields": {}})


def test_a_single_message_arrives_and_can_be_followed(
    call: Call, smsc: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    simulator = smsc()
    carrier(simulator)
    outbound()
    actor = {**with_sender(call), "request_key": "order-1"}
    request = {"from": "Wici", "to": ["+48600000500", "+48600000501"], "text": "Kod {{ 123 }}", "lane": "otp"}

    accepted = call("send_messages", actor, request)["messages"]
    again = call("send_messages", actor, request)["messages"]

    assert again == accepted
    assert [message["to"] for message in accepted] == request["to"]
    follow = lambda: call("get_message", actor, {"message_id": accepted[0]["id"]})  # noqa: E731
    wait_until(lambda: follow()["state"] == "delivered", what="delivery")
    assert follow()["text"] == "Kod {{ 123 }}"
    assert follow()["from"] == "Wici"
    assert sorted(message["to"] for message in simulator.messages()) == request["to"]
    assert {message["text"] for message in simulator.messages()} == {"Kod {{ 123 }}"}
    with pytest.raises(NotFound):
        call("get_message", an_account(), {"message_id": accepted[0]["id"]})


def test_nothing_is_stored_over_the_quota(call: Call, database: Database) -> None:
    actor = with_sender(call)
    request = {"from": "Wici", "to": [f"+4860000{number:04d}" for number in range(101)], "text": "Hej"}

    with pytest.raises(PlanLimit, match=r"quota\.exhausted"):
        call("send_messages", actor, request)
    with pytest.raises(PlanLimit, match=r"quota\.exhausted"):
        call("send_messages", actor, {**request, "to": request["to"][:34], "text": "x" * 307})  # three parts each

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM ledger")) == 0


def test_a_test_of_a_campaign_costs_its_parts(call: Call, database: Database) -> None:
    actor = with_sender(call)
    content = {"text": "{{ first_name }}" * 2}
    prepared = call("prepare_content", actor, {"sender": "Wici", "content": content})
    to, values = ["+48600000500", "+48600000501"], {"first_name": "x" * 100}

    call("send_test", actor, {"content_hash": prepared["content_hash"], "addresses": to, "fields": values})

    with database.transaction() as session:
        assert session.scalar(text("SELECT sum(used) FROM quota_leases")) == 4


def test_a_content_tells_the_most_parts_that_one_of_some_takes(call: Call) -> None:
    actor = with_sender(call)
    asked = {"sender": "Wici", "content": {"text": "Hej {{ first_name }}"}}

    found = call(
        "prepare_content", actor, {**asked, "recipients": [{}, {"first_name": "x" * 400}, {"first_name": "O"}]}
    )

    assert (found["units"], call("prepare_content", actor, asked)["units"]) == (3, 1)
    failing = {"sender": "Wici", "content": {"text": "{{ points|round }}{{ first_name }}"}}
    people = [{"points": "x"}, {"points": 1, "first_name": "x" * 160}]
    failed = call("prepare_content", actor, {**failing, "recipients": people})
    assert failed["problems"] and failed["units"] == 2, "of whom it does not fail for"


def test_callers_who_are_gathered_are_answered_each_by_itself(call: Call, broker: Broker, database: Database) -> None:
    wici, sklep = with_sender(call), with_sender(call, "Sklep 24")
    hello = {"from": "Wici", "to": ["+48600000500"], "text": "Hej"}
    requests: list[tuple[Actor, dict[str, Any]]] = [
        (wici, hello),
        (sklep, hello),
        (sklep, {**hello, "from": "SKLEP 24", "to": ["+48600000501", "+48600000502"]}),
        (wici, {**hello, "text": "x" * 255 * 153 + "y"}),
        (wici, {**hello, "to": [f"+4860000{number:04d}" for number in range(101)]}),
        ({"account_id": None}, hello),
        ({**wici, "request_key": "k"}, hello),
        ({**wici, "request_key": "k"}, hello),
        (wici, {**hello, "schedule_at": "2001-01-01T00:00:00Z"}),
    ]

    answers = RpcClient(broker).call("sms_gateway.send_messages", {}, Gathered(requests=requests))["answers"]

    kinds = [answer["error"][:2] if "error" in answer else len(answer["result"]["messages"]) for answer in answers]
    assert kinds == [
        1,
        ["Invalid", "sender.not_active"],
        2,
        ["Invalid", "request.invalid"],
        ["PlanLimit", "quota.exhausted"],
        ["Forbidden", "account.required"],
        1,
        1,
        ["Invalid", "schedule.invalid"],
    ]
    assert answers[6] == answers[7]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM ledger")) == 4
        assert session.scalar(text("SELECT sum(used) FROM quota_leases")) == 4


def test_a_scheduled_message_waits(call: Call, database: Database, smsc: Any, carrier: Any, outbound: Any) -> None:
    simulator = smsc()
    carrier(simulator)
    outbound()
    actor = with_sender(call)
    with database.transaction() as session:
        soon = session.scalar(text("SELECT now() + interval '3 seconds'"))
    request = {"from": "Wici", "to": ["+48600000500"], "text": "Hej", "schedule_at": soon.isoformat()}
    accepted = call("send_messages", actor, request)["messages"]
    assert simulator.get("/counts")["submitted"] == 0

    wait_until(
        lambda: call("get_message", actor, {"message_id": accepted[0]["id"]})["state"] == "delivered", what="delivery"
    )


def test_a_test_of_a_campaign_is_rendered_and_sent(call: Call, smsc: Any, carrier: Any, outbound: Any) -> None:
    simulator = smsc()
    carrier(simulator)
    outbound()
    actor = with_sender(call)
    prepared = call("prepare_content", actor, {"sender": "Wici", "content": {"text": "Hej {{ first_name }}"}})

    call(
        "send_test", actor,
        {"content_hash": prepared["content_hash"], "addresses": ["+48600000500"], "fields": {"first_name": "Ola"}},
    )  # fmt: skip

    wait_until(lambda: simulator.get("/counts")["submitted"] == 1, what="the test message")
    assert simulator.messages()[0]["text"] == "Hej Ola"


def test_of_carriers_made_at_once_under_one_name_there_is_one(call: Call) -> None:
    fields = {"name": "raced", "host": "127.0.0.1", "port": 1, "system_id": "x", **WHY}

    def make(_: int) -> str:
        try:
            return str(call("create_carrier", OPERATOR, fields)["name"])
        except Conflict as conflict:
            return conflict.code

    with ThreadPoolExecutor(8) as threads:
        made = Counter(threads.map(make, range(8)))

    assert made == {"raced": 1, "carrier.exists": 7}
    (carrier,) = call("list_carriers", OPERATOR, {})["items"]
    call("delete_carrier", OPERATOR, {"carrier_id": carrier["id"], **WHY})


def test_carriers_and_routes_are_an_operators(call: Call) -> None:
    with pytest.raises(Forbidden):
        call("list_carriers", an_account(), {})
    fields = {"name": "real", "host": "smsc.example", "port": 2775, "system_id": "wici", "password": "secret"}
    made = call("create_carrier", OPERATOR, {**fields, **WHY})
    assert "password" not in made
    route = call("create_route", OPERATOR, {"carrier_id": made["id"], "prefix": "+48", "lane": "otp", **WHY})
    assert [each["lane"] for each in call("list_routes", OPERATOR, {})["items"]] == ["otp"]
    changes = {"rate": 100, "parameters": {"0x1400": "5045", "0x1401": None}, "errors": {"0x0b": "fail_over"}}
    changed = call("update_carrier", OPERATOR, {"carrier_id": made["id"], **changes, **WHY})
    assert {name: changed[name] for name in changes} == changes
    with pytest.raises(Conflict, match=r"carrier\.in_use"):
        call("delete_carrier", OPERATOR, {"carrier_id": made["id"], **WHY})
    assert call("update_route", OPERATOR, {"route_id": route["id"], "enabled": False, **WHY})["enabled"] is False
    call("delete_route", OPERATOR, {"route_id": route["id"], **WHY})
    call("delete_carrier", OPERATOR, {"carrier_id": made["id"], **WHY})
    assert call("list_carriers", OPERATOR, {})["items"] == []


@pytest.mark.parametrize("kind", ["smsapi", "twilio", "http"])
def test_carriers_by_http_show_none_of_their_secrets(call: Call, database: Database, kind: str) -> None:
    http = {"account": "AC1", "hook_networks": ["192.0.2.0/24"]}
    if kind == "http":
        http |= {"url": "https://sms.example/send", "body": {"to": "{to}", "m": ["{text}"]}, "answer": {"id": "id"}}
    fields = {"name": f"by-{kind}", "kind": kind, "token": "t0p", "hook_secret": "s" * 20, "http": http, **WHY}

    made = call("create_carrier", OPERATOR, fields)

    assert (made["kind"], made["http"], made["host"], made["port"], made["system_id"]) == (kind, http, None, None, None)
    changed = call("update_carrier", OPERATOR, {"carrier_id": made["id"], "token": "n3w", "rate": 10, **WHY})
    assert not {"t0p", "n3w", "s" * 20} & set(map(str, {**made, **changed}.values()))
    hook = call("get_carrier_hook", {}, {"name": f"by-{kind}"})
    assert (hook["secret"], hook["signing_key"], hook["http"]) == ("s" * 20, "n3w" if kind == "twilio" else None, http)
    for secret, before in (("s", None), ("q", "s"), ("q", "s"), ("r", "q")):  # the same again is no change
        call("update_carrier", OPERATOR, {"carrier_id": made["id"], "hook_secret": secret * 20, **WHY})
        hook = call("get_carrier_hook", {}, {"name": f"by-{kind}"})
        assert (hook["secret"], hook["previous_secret"]) == (secret * 20, before and before * 20)
    with database.transaction() as session:
        session.execute(text("UPDATE carriers SET hook_secret_changed_at = now() - interval '4 days'"))
    assert call("get_carrier_hook", {}, {"name": f"by-{kind}"})["previous_secret"] is None
    call("delete_carrier", OPERATOR, {"carrier_id": made["id"], **WHY})
    with pytest.raises(NotFound):
        call("get_carrier_hook", {}, {"name": f"by-{kind}"})


_SMPP = {"host": "127.0.0.1", "port": 2775, "system_id": "wici"}
_DESCRIBED = {"url": "https://sms.example/send", "body": {"to": "{to}"}, "answer": {"id": "id"}}


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({}, "carrier.incomplete", "host"),
        ({**_SMPP, "port": None}, "field.null", "port"),
        ({**_SMPP, "token": "x"}, "carrier.other_kind", "token"),
        ({**_SMPP, "http": _DESCRIBED}, "carrier.other_kind", "http"),
        ({"kind": "smsapi"}, "carrier.incomplete", "token"),
        ({"kind": "smsapi", "token": "x", **_SMPP}, "carrier.other_kind", "host"),
        ({"kind": "twilio", "token": "x"}, "carrier.incomplete", "http.account"),
        ({"kind": "http"}, "carrier.incomplete", "http.url"),
        ({"kind": "http", "http": {**_DESCRIBED, "body": {}}}, "carrier.incomplete", "http.body"),
        ({"kind": "http", "http": {**_DESCRIBED, "answer": {}}}, "carrier.incomplete", "http.answer"),
        ({"kind": "http", "http": {**_DESCRIBED, "body": {"to": ["{phone}"]}}}, "carrier.http_invalid", "http.body"),
        ({"kind": "http", "http": {**_DESCRIBED, "url": "https://{to}.example/"}}, "carrier.http_invalid", "http.url"),
        ({"kind": "http", "http": {**_DESCRIBED, "url": "https://x:99999/"}}, "carrier.http_invalid", "http.url"),
    ],
)
def test_what_a_carrier_of_a_kind_needs(call: Call, fields: dict[str, Any], code: str, named: str) -> None:
    with pytest.raises(Invalid) as refused:
        call("create_carrier", OPERATOR, {"name": "odd", **fields, **WHY})
    assert [(error["field"], error["code"]) for error in refused.value.errors] == [(named, code)]


def test_an_operator_tries_a_carrier_that_no_route_leads_to(
    call: Call, smsc: Any, carrier: Any, outbound: Any, database: Database
) -> None:
    usual, tried = smsc(), smsc()
    carrier(usual, priority=1)
    carrier_id = str(carrier(tried, prefix="+999"))
    test = {"carrier_id": carrier_id, "to": "+48600100200", "sender": "Wici", "text": "Próba {{ x }}", **WHY}
    with pytest.raises(Forbidden):
        call("test_carrier", an_account(), test)
    outbound()

    made = call("test_carrier", OPERATOR, test)

    def shown() -> Any:
        return call("get_carrier_test", OPERATOR, {"carrier_id": carrier_id, "message_id": made["id"]})

    assert (made["state"], made["parts"]) == ("accepted", 1)
    wait_until(lambda: shown()["state"] == "delivered", what="the receipt")
    assert [message["text"] for message in tried.messages()] == ["Próba {{ x }}"] and not usual.messages()
    call("update_carrier", OPERATOR, {"carrier_id": carrier_id, "enabled": False, **WHY})
    with pytest.raises(Conflict, match=r"carrier\.disabled"):
        call("test_carrier", OPERATOR, test)
    with pytest.raises(NotFound):
        call("get_carrier_test", OPERATOR, {"carrier_id": carrier_id, "message_id": str(new_id())})
    with pytest.raises(NotFound):
        call("get_carrier_test", OPERATOR, {"carrier_id": str(new_id()), "message_id": made["id"]})


def test_a_route_leads_the_phones_of_a_network(
    call: Call, smsc: Any, carrier: Any, outbound: Any, campaign: Any
) -> None:
    usual, special = smsc(), smsc()
    carrier(usual)
    carrier_id = str(carrier(special, prefix="+999"))
    with pytest.raises(Invalid) as refused:
        call("create_route", OPERATOR, {"carrier_id": carrier_id, "network": "pl.none", **WHY})
    assert refused.value.errors[0]["code"] == "route.network_unknown"
    made = call("create_route", OPERATOR, {"carrier_id": carrier_id, "network": "pl.play", "priority": 500, **WHY})
    assert made["network"] == "pl.play"
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), ["+48600100200", "+48790100200"]))

    campaign.wait_final(2)

    assert [message["to"] for message in usual.messages()] == ["+48600100200"]
    assert [message["to"] for message in special.messages()] == ["+48790100200"]
    assert {(event["address"], event["domain"]) for event in campaign.events if event.get("address")} == {
        ("+48600100200", "pl.t-mobile"), ("+48790100200", "pl.play"),
    }  # fmt: skip


def test_an_operator_sets_whom_to_believe_by_tls_and_sees_why_not_in_words(
    call: Call, outbound: Any, tmp_path: Path
) -> None:
    ours, theirs = identity("wici", is_authority=True), identity("smsc.example")
    with tls_carrier(tmp_path, theirs, clients_of=ours) as peer:
        fields = {"name": "tls", "host": "127.0.0.1", "port": peer.port, "system_id": "wici", "binds": 1, **WHY}
        with pytest.raises(Invalid) as refused:
            call("create_carrier", OPERATOR, {**fields, "tls_pin": theirs.sha256})
        assert refused.value.errors[0]["code"] == "carrier.tls_off"
        with pytest.raises(Invalid) as refused:
            call("create_carrier", OPERATOR, {**fields, "tls": True, "tls_certificate": ours.certificate})
        assert refused.value.errors[0]["code"] == "carrier.tls_key_invalid"
        carrier_id = call("create_carrier", OPERATOR, {**fields, "tls": True, "tls_pin": ours.sha256})["id"]
        outbound()

        def last_errors() -> list[str]:
            processes = call("get_carrier_state", OPERATOR, {"carrier_id": carrier_id})["processes"]
            return [str(bind["last_error"]) for each in processes for bind in each["binds"]]

        told = f"not the pinned one: its SHA-256 is {theirs.sha256}"
        wait_until(lambda: any(told in error for error in last_errors()), what="the reason")
        own = {"tls_certificate": ours.certificate, "tls_key": ours.key}
        colons = ":".join(theirs.sha256.upper()[place : place + 2] for place in range(0, 64, 2))
        shown = call("update_carrier", OPERATOR, {"carrier_id": carrier_id, "tls_pin": colons, **own, **WHY})
        assert shown["tls_certificate"] == ours.certificate and "tls_key" not in shown
        wait_until(lambda: peer.commands, what="the bind")
        assert peer.clients == [ours.sha256]
    call("delete_carrier", OPERATOR, {"carrier_id": carrier_id, **WHY})


def test_a_closed_account_leaves_nothing(call: Call, database: Database, broker: Broker) -> None:
    actor = with_sender(call)
    call("send_messages", actor, {"from": "Wici", "to": ["+48600000500"], "text": "Hej"})
    event = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat(), "account_id": actor["account_id"]}
    broker.publish_event(ACCOUNT_CLOSED, orjson.dumps(event)).result(10)

    def rows() -> int:
        with database.transaction() as session:
            return sum(
                session.scalar(text(f"SELECT count(*) FROM {table} WHERE account_id = :a"), {"a": actor["account_id"]})
                or 0
                for table in ("sender_ids", "contents", "sends", "ledger", "quota_leases")
            )

    wait_until(lambda: rows() == 0, what="erasure")


def test_a_changed_plan_ends_the_lease_of_the_old_one(call: Call, database: Database, broker: Broker) -> None:
    actor = with_sender(call)
    call("send_messages", actor, {"from": "Wici", "to": ["+48600000500"], "text": "Hej"})
    with database.transaction() as session:
        session.execute(text("UPDATE quota_leases SET used_at = now() + interval '1 hour'"))  # never idle
    event = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat()}
    told = orjson.dumps({**event, "account_id": actor["account_id"], "plan": "none"})
    broker.publish_event(PLAN_CHANGED, told).result(10)

    def has_ended() -> bool:
        with database.transaction() as session:
            return bool(session.scalar(text("SELECT bool_and(is_ending) FROM quota_leases")))

    wait_until(has_ended, what="the lease's end")

    def plan() -> Any:
        with database.transaction() as session:
            account = {"account": actor["account_id"]}
            return session.scalar(text("SELECT plan FROM account_plans WHERE account_id = :account"), account)

    wait_until(lambda: plan() == "none", what="the plan, which its messages are priced by")


def test_short_links_start_with_the_accounts_own_host(call: Call, broker: Broker, database: Database) -> None:
    actor, other = with_sender(call), with_sender(call)
    shortened = {"text": "Hej https://sklep.example/a", "short_links": True}

    def counted(whose: Actor) -> str:
        return str(call("count_parts", whose, shortened)["text"])

    def tell(host: str | None, version: int) -> None:
        event = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat(), "version": version}
        told = {**event, "account_id": actor["account_id"], "host": host}
        broker.publish_event(SHORT_LINK_HOST_CHANGED, orjson.dumps(told)).result(10)

    tell("link.sklep.example", 2)
    wait_until(lambda: counted(actor).startswith("Hej https://link.sklep.example/s/"), what="the host")
    tell(None, 1)  # told late
    assert not counted(other).startswith("Hej https://link.sklep.example/")
    content = {"text": shortened["text"], "short_links": True}
    prepared = call("prepare_content", actor, {"sender": "Wici", "content": content})
    with database.transaction() as session:
        kept = text("SELECT row_to_json(c)::text FROM contents c WHERE content_hash = :hash")
        assert "https://link.sklep.example/s/" in session.scalar(kept, {"hash": prepared["content_hash"]})
    tell(None, 3)
    wait_until(lambda: "link.sklep.example" not in counted(actor), what="the platform's host")
    event = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat()}
    tell("link.sklep.example", 4)
    wait_until(lambda: "link.sklep.example" in counted(actor), what="the host again")
    broker.publish_event(ACCOUNT_CLOSED, orjson.dumps({**event, "account_id": actor["account_id"]})).result(10)

    def is_forgotten() -> bool:
        with database.transaction() as session:
            return session.scalar(text("SELECT count(*) FROM short_link_hosts")) == 0

    wait_until(is_forgotten, what="the end of the account's host")
