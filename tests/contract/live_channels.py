"""The channels as processes, each with what it needs to deliver, for the tests of what all of them have in common."""

import importlib
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from chassis.gathering import Gatherer
from chassis.rpc_client import RpcClient
from chassis.testing import free_port, nameko_command, wait_until
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel

HERE = str(Path(__file__).parent)
OPERATOR = {"operator_id": str(uuid4())}
PYTHONPATH = {"PYTHONPATH": os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))}


@dataclass
class Live:
    """A channel at work, asked over the bus under its own name."""

    client: object
    facts: object
    contract: dict
    sender: object
    content: dict
    broken: dict
    failing: dict  # for who has no points
    people: list
    send: dict  # a request for single messages to `people`
    prepare_actor: object = None

    def call(self, method, actor, **payload):
        return self.client.call(self.facts.call(method), actor, payload, deadline=20)


def client_of(broker):
    return Gatherer(RpcClient(broker), {facts.call("send_messages") for facts in CHANNELS.values()})


def new_account():
    return {"account_id": str(uuid4()), "permissions": ["sms", "email"], "user_id": str(uuid4())}


def start_service(launch, amqp_url, target, **options):
    env = {**PYTHONPATH, **options.pop("env", {})}
    return launch(target, command=nameko_command(target, amqp_url), env=env, **options)


def start_identity(launch, amqp_url):
    return start_service(launch, amqp_url, "identity_stand_in:Identity")


def start_toy(launch, amqp_url, broker, folder):
    start_service(launch, amqp_url, "toy_channel.service:ToyService", service="toy_channel")
    launch("toy_channel.outbound", service="toy_channel", env={**PYTHONPATH, "TOY_FILE": str(folder / "lines")})
    people = [f"+48600100{number:03d}" for number in range(3)]
    return Live(
        client_of(broker), CHANNELS[Channel.SMS], importlib.import_module("toy_channel").RPC, "toy",
        {"text": "Hej {{ first_name }}"}, {"text": "{{ oops"}, {"text": "Masz {{ points! }}"}, people,
        {"to": people, "text": "Hej"},
        prepare_actor=lambda live, actor: None,
    )  # fmt: skip


def start_sms(launch, amqp_url, broker, folder):
    port = _simulator(launch, "smsc", "--settings", '{"receipt_delay": 0.1}')
    start_service(launch, amqp_url, "sms_gateway.service:SmsGatewayService", service="sms_gateway")
    people = [f"+48600100{number:03d}" for number in range(3)]
    live = Live(
        client_of(broker), CHANNELS[Channel.SMS], importlib.import_module("contracts.sms_gateway").RPC, "Wici",
        {"text": "Hej {{ first_name }}"}, {"text": "{{ oops"}, {"text": "Masz {{ points | round }}"}, people,
        {"from": "Wici", "to": people, "text": "Hej"},
        prepare_actor=_with_sender_id,
    )  # fmt: skip
    carrier = live.call(
        "create_carrier", OPERATOR, name="c1", host="127.0.0.1", port=port, system_id="wici", password="secret",
        reason="Test",
    )  # fmt: skip
    live.call("create_route", OPERATOR, carrier_id=carrier["id"], reason="Test")
    launch("sms_gateway.outbound", service="sms_gateway")
    return live


def _with_sender_id(live, actor):
    wanted = live.call("request_sender_id", actor, sender="Wici")
    live.call("decide_sender_id", OPERATOR, sender_id=wanted["id"], decision="activate", reason="Test")


def start_email(launch, amqp_url, broker, folder):
    port = _simulator(launch, "mailbox")
    start_service(
        launch, amqp_url, "email_gateway.service:EmailGatewayService", service="email_gateway",
        env={"EMAIL_NAMESERVERS": "127.0.0.9", "EMAIL_SYSTEM_FROM": "noreply@wici.example"},
    )  # fmt: skip
    route = f"smtp://127.0.0.1:{port}?tls=off&connections=4"
    launch("email_gateway.outbound", service="email_gateway", env={"EMAIL_DEFAULT_ROUTE": route})
    people = [f"kto{number}@poczta.example" for number in range(3)]
    to = [{"email": address} for address in people]
    html = '<p>Hej {{ first_name }}</p><a href="{{ unsubscribe_url }}">Wypisz</a>'
    return Live(
        client_of(broker), CHANNELS[Channel.EMAIL], importlib.import_module("contracts.email_gateway").RPC, None,
        {"subject": "Hej {{ first_name }}", "html": html}, {"subject": "{{ oops", "html": html},
        {"subject": "Masz {{ points | round }}", "html": html.replace("{{ first_name }}", "")}, people,
        {"to": to, "subject": "Hej", "text": "Hej"}, prepare_actor=_with_domain,
    )  # fmt: skip


def _with_domain(live, actor):
    domain = f"sklep-{actor['account_id'][:8]}.example"
    made = live.call("create_sender_domain", actor, domain=domain)
    live.call("verify_domain", OPERATOR, domain_id=made["id"], reason="Test")
    live.sender = {"from_email": f"news@{domain}"}
    live.send = {**live.send, "from": {"email": f"news@{domain}"}}


def start_push(launch, amqp_url, broker, folder):
    """The people of every account have one browser each, which registers anew with each application."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "wici_simulators.push", "--port", str(port)]
    launch("wici_simulators.push", command=command, wait=False)
    wait_until(lambda: _answers(port), what="the push providers")
    env = {"PUSH_WEB_HOSTS": origin}
    start_service(launch, amqp_url, "push_gateway.service:PushGatewayService", service="push_gateway", env=env)
    launch("push_gateway.outbound", service="push_gateway", env=env)
    browsers = [_posted(f"{origin}/browsers") for _ in range(3)]
    return Live(
        client_of(broker), CHANNELS[Channel.PUSH], importlib.import_module("contracts.push_gateway").RPC, "shop",
        {"title": "Sklep", "body": "Hej {{ first_name }}"}, {"title": "Sklep", "body": "{{ oops"},
        {"title": "Sklep", "body": "Masz {{ points | round }}"}, [], {"from": "shop", "body": "Hej"},
        prepare_actor=lambda live, actor: _with_browsers(live, actor, browsers),
    )  # fmt: skip


def _with_browsers(live, actor, browsers):
    made = live.call("create_application", actor, name="shop", title="Sklep")
    live.people = []
    for browser in browsers:
        device = live.call(
            "register_device", {"address": "192.0.2.1"}, app_key=made["app_key"], platform="web",
            token=browser["endpoint"], keys=browser["keys"],
        )  # fmt: skip
        live.people.append(device["id"])
    live.send = {**live.send, "to": live.people}


def _posted(url):
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", method="POST"), timeout=10) as answer:
        return json.load(answer)


def _simulator(launch, name, *arguments):
    port, http_port = free_port(), free_port()
    module = f"wici_simulators.{name}"
    command = [sys.executable, "-m", module, "--port", str(port), "--http-port", str(http_port), *arguments]
    launch(module, command=command, wait=False)
    wait_until(lambda: _answers(http_port), what=f"the simulator {name}")
    return port


def _answers(http_port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{http_port}/settings", timeout=2).status == 200
    except OSError:
        return False


START = {"toy": start_toy, "sms": start_sms, "email": start_email, "push": start_push}
