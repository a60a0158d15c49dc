"""The channels as processes, each with what it needs to deliver, for the tests of what all of them have in common."""

import importlib
import json
import os
import sys
import threading
import time
import urllib.request
from base64 import b64decode
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.gathering import Gatherer
from chassis.rpc_client import RpcClient
from chassis.testing import free_port, nameko_command, wait_until
from chassis.testing_clients import PatientClient
from contracts.channel import CHANNELS
from contracts.lanes import OTT_REPORTS, RCS_REPORTS, VIBER_REPORTS
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
    come_back: object = None  # what a person does who was erased, before they can be written to again

    def call(self, method, actor, **payload):
        return self.client.call(self.facts.call(method), actor, payload, deadline=20)


def client_of(broker):
    return PatientClient(Gatherer(RpcClient(broker), {facts.call("send_messages") for facts in CHANNELS.values()}))


def new_account():
    return {"account_id": str(uuid4()), "permissions": ["sms", "email"], "user_id": str(uuid4())}


def start_service(launch, amqp_url, target, **options):
    env = {**PYTHONPATH, **options.pop("env", {})}
    return launch(target, command=nameko_command(target, amqp_url), env=env, **options)


def start_identity(launch, amqp_url, **options):
    return start_service(launch, amqp_url, "identity_stand_in:Identity", **options)


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


def start_rcs(launch, amqp_url, broker, folder):
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "wici_simulators.rcs", "--port", str(port)]
    launch("wici_simulators.rcs", command=command, wait=False)
    wait_until(lambda: _answers(port), what="Google's RCS")
    start_service(launch, amqp_url, "rcs_gateway.service:RcsGatewayService", service="rcs_gateway")
    launch("rcs_gateway.outbound", service="rcs_gateway", env={"RCS_URL": origin, "RCS_TOKEN_URL": f"{origin}/token"})
    people = [f"+48600100{number:03d}" for number in range(3)]
    return Live(
        client_of(broker), CHANNELS[Channel.RCS], importlib.import_module("contracts.rcs_gateway").RPC, "shop",
        {"kind": "basic", "text": "Hej {{ first_name }}"}, {"kind": "basic", "text": "{{ oops"},
        {"kind": "basic", "text": "Masz {{ points | round }}"}, people,
        {"from": "shop", "to": people, "kind": "basic", "text": "Hej"},
        prepare_actor=lambda live, actor: _with_agent(live, actor, broker, origin),
    )  # fmt: skip


def _with_agent(live, actor, broker, origin):
    """Its events come to the lane at once, as the gateway would have put them there."""
    key = rsa.generate_private_key(65_537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    wanted = live.call("request_agent", actor, name="shop", title="Sklep")
    live.call(
        "set_agent_credentials", OPERATOR, agent_id=wanted["id"], google_id=wanted["id"],
        client_email="rcs@shop.example", private_key=key.decode(), client_token="SJENCPGJESMGUFPY", reason="Test",
    )  # fmt: skip
    live.call("decide_agent", OPERATOR, agent_id=wanted["id"], decision="activate", reason="Test")
    hook = {"url": _webhook(broker, wanted), "client_token": "SJENCPGJESMGUFPY"}
    _posted(f"{origin}/settings", {"hooks": {wanted["id"]: hook}})


def _webhook(broker, agent):
    known = {"v": 1, "agent_id": agent["id"], "account_id": agent["account_id"]}

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            report = {**known, "event": json.loads(b64decode(body["message"]["data"])), "at": time.time()}
            broker.publish(RCS_REPORTS, json.dumps(report).encode()).result(10)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def start_whatsapp(launch, amqp_url, broker, folder):
    """By a template, which goes to anybody."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "wici_simulators.ott", "--port", str(port)]
    launch("wici_simulators.ott", command=command, wait=False)
    wait_until(lambda: _answers(port), what="WhatsApp")
    start_service(launch, amqp_url, "ott_gateway.service:OttGatewayService", service="ott_gateway")
    launch("ott_gateway.outbound", service="ott_gateway", env={"OTT_WHATSAPP_URL": origin})
    people = [f"+48600100{number:03d}" for number in range(3)]
    return Live(
        client_of(broker), CHANNELS[Channel.WHATSAPP], importlib.import_module("contracts.ott_gateway").RPC, "shop",
        _by_template("Hej {{ first_name }}"), _by_template("{{ oops"), _by_template("Masz {{ points | round }}"),
        people,
        {"from": "shop", "to": people, **_by_template("12")},
        prepare_actor=lambda live, actor: _with_number(live, actor, broker, origin),
    )  # fmt: skip


def _by_template(value):
    return {"template": {"name": "parcel_here", "language": "pl", "body": [value]}}


def _with_number(live, actor, broker, origin):
    """What the gateway does at the hook is done here: a bridge from WhatsApp's reports to the lane."""
    number = str(uuid4().int)[:15]
    wanted = live.call("request_sender", actor, name="shop", title="Sklep", phone="+48500700800")
    decided = live.call(
        "decide_sender", OPERATOR, whatsapp_sender_id=wanted["id"], decision="activate", reason="Test",
        phone_number_id=number, business_account_id=number, access_token="EAA-of-a-test", app_secret=f"secret-{number}",
        verify_token="verify-me",
    )  # fmt: skip
    hook = start_bridge(broker, decided["id"])
    _posted(f"{origin}/hooks", {number: {"url": hook, "app_secret": f"secret-{number}"}})
    asked = {"whatsapp_sender_id": decided["id"]}
    wait_until(lambda: live.call("list_templates", actor, **asked)["items"], what="the templates")


def start_bridge(broker, sender_id):
    """An address at which what is posted goes into the lane of reports."""

    class Bridge(BaseHTTPRequestHandler):
        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            report = {"v": 1, "sender_id": sender_id, "document": document, "at": time.time()}
            broker.publish(OTT_REPORTS, json.dumps(report).encode()).result(10)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def start_viber(launch, amqp_url, broker, folder):
    """To contacts that have come by an invitation, as the gateway would be told."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "wici_simulators.ott", "--port", str(port)]
    launch("wici_simulators.ott", command=command, wait=False)
    wait_until(lambda: _answers(port), what="Viber")
    _posted(f"{origin}/settings", {"windows": False})
    start_service(launch, amqp_url, "viber_gateway.service:ViberGatewayService", service="viber_gateway")
    hooks, public_url = start_hooks(broker)
    env = {"VIBER_URL": origin, "WICI_PUBLIC_URL": public_url}
    launch("viber_gateway.outbound", service="viber_gateway", env=env)
    people = [str(uuid4()) for _ in range(3)]
    return Live(
        client_of(broker), CHANNELS[Channel.VIBER], importlib.import_module("contracts.viber_gateway").RPC, "shop",
        {"text": "Hej {{ first_name }}"}, {"text": "{{ oops"}, {"text": "Masz {{ points | round }}"}, people,
        {"from": "shop", "to": people, "text": "12"},
        prepare_actor=lambda live, actor: _with_bot(live, actor, broker, hooks, people),
        come_back=lambda live, actor, person: _subscribe(live, actor, broker, person),
    )  # fmt: skip


def _with_bot(live, actor, broker, hooks, people):
    """A bot to which all of them have subscribed."""
    wanted = live.call("request_sender", actor, name="shop", title="Sklep")
    decided = live.call(
        "decide_sender", OPERATOR, viber_bot_id=wanted["id"], decision="activate", reason="Test",
        auth_token=f"token-{uuid4()}", uri=f"bot-{uuid4()}",
    )  # fmt: skip
    hooks[decided["hook_path"]] = decided["id"]
    found = lambda: live.call("list_senders", actor)["items"][0]["hook_at"]  # noqa: E731
    wait_until(found, what="Viber to be told of the hook", timeout=60)
    for person in people:
        _subscribe(live, actor, broker, person)


def _subscribe(live, actor, broker, person):
    """Returns once a message to them would be sent."""
    (bot,) = live.call("list_senders", actor)["items"]
    asked = {"viber_bot_id": bot["id"], "contact_id": person}
    context = live.call("create_invitation", actor, **asked)["link"].partition("context=")[2]
    told = {"event": "conversation_started", "context": context, "subscribed": True, "user": {"id": person}}
    report = {"v": 1, "sender_id": bot["id"], "document": told, "at": time.time()}
    broker.publish(VIBER_REPORTS, json.dumps(report).encode()).result(10)
    known = lambda: live.call("export_person", actor, addresses=[person])["items"]  # noqa: E731
    wait_until(known, what="the subscription", timeout=60)


def start_hooks(broker):
    """In the gateway's place: whose hook each path is, and the address below which they lie."""
    hooks = {}

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path in hooks:
                report = {"v": 1, "sender_id": hooks[self.path], "document": document, "at": time.time()}
                broker.publish(VIBER_REPORTS, json.dumps(report).encode()).result(10)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return hooks, f"http://127.0.0.1:{server.server_port}"


def _posted(url, body=None):
    written = json.dumps(body or {}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, written, method="POST"), timeout=10) as answer:
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


START = {
    "toy": start_toy,
    "sms": start_sms,
    "email": start_email,
    "push": start_push,
    "whatsapp": start_whatsapp,
    "rcs": start_rcs,
    "viber": start_viber,
}
