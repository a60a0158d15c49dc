"""The service on the bus, with a stand-in for identity: what tests ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from chassis.broker import Broker
from chassis.database import Database
from chassis.gathering import Gatherer
from chassis.rpc_client import RpcClient
from chassis.testing import Launcher, RunningProcess, nameko_command, wait_until
from chassis.testing_clients import PatientClient
from contracts.errors import Unavailable

DOMAIN = "sklep.example"
IDENTITY = """
from nameko.rpc import rpc
from contracts.errors import PlanLimit, Unavailable
import chassis.service

class Identity:
    name = "identity"
    used = {}
    terms = {}
    granted = {}
    @rpc
    def begin_trial(self, actor, payload):
        self.terms[actor["account_id"]] = payload["only_to"]
        return {}
    @rpc
    def get_account(self, actor, payload):
        state = "trial" if actor["account_id"] in self.terms else "active"
        features = ["attachments"] if state == "active" else []
        return {"state": state, "plan": {"price": {"amount": 4900}, "features": features}}
    @rpc
    def lease_quota(self, actor, payload):
        if payload["at_least"] > 50:
            left = 50 - self.granted.get(payload["reservation_id"], 0)
            raise PlanLimit("quota.exhausted", "No.", {"feature": "email", "limit": 50, "remaining": left})
        self.granted[payload["reservation_id"]] = payload["at_least"]
        only_to = self.terms.get(actor["account_id"])
        return {"granted": payload["at_least"], "has_ended": False, "only_to": only_to}
    @rpc
    def release_quota(self, actor, payload):
        return {}
    @rpc
    def use_quota(self, actor, payload):
        if payload["amount"] == 13:
            raise Unavailable("service.unavailable", "Not now.")
        self.used.setdefault(actor["account_id"], {})[payload["reservation_id"]] = payload["amount"]
        return {}
    @rpc
    def used_quota(self, actor, payload):
        used = self.used.get(actor["account_id"], {})
        return {"used": sum(used.values()), "reservations": len(used)}
"""


@pytest.fixture(scope="module")
def service(launch_once: Launcher, amqp_url: str) -> RunningProcess:
    """One for all tests, each of which has accounts of its own."""
    target = "email_gateway.service:EmailGatewayService"
    return launch_once(
        target,
        command=nameko_command(target, amqp_url),
        service="email_gateway",
        env={"EMAIL_NAMESERVERS": "127.0.0.9", "EMAIL_SYSTEM_FROM": "noreply@wici.example"},
    )


@pytest.fixture(scope="module")
def identity(launch_once: Launcher, amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("identity")
    (folder / "small_identity.py").write_text(IDENTITY)
    command = nameko_command("small_identity:Identity", amqp_url)
    launch_once("small_identity", command=command, env={"PYTHONPATH": str(folder)}, wait=False)


Call = Callable[..., Any]


@pytest.fixture
def call(service: RunningProcess, identity: None, database: Database, broker: Broker) -> Call:
    client = PatientClient(Gatherer(RpcClient(broker), {"email_gateway.send_messages"}))

    def ask(method: str, actor: dict[str, Any], **payload: Any) -> Any:
        name = method if "." in method else f"email_gateway.{method}"
        return client.call(name, actor, payload, deadline=20)

    wait_until(lambda: answers(ask, "identity.used_quota", account()), what="identity")
    return ask


def account() -> dict[str, Any]:
    return {"account_id": str(uuid4()), "permissions": ["email"]}


OPERATOR = {"operator_id": str(uuid4())}


def verified(call: Call, actor: dict[str, Any]) -> dict[str, Any]:
    made = call("create_sender_domain", actor, domain=DOMAIN)
    call("verify_domain", OPERATOR, domain_id=made["id"], reason="Known customer")
    return made  # type: ignore[no-any-return]


def answers(call: Call, method: str, actor: dict[str, Any], **payload: Any) -> bool:
    try:
        call(method, actor, **payload)
        return True
    except Unavailable:
        return False
