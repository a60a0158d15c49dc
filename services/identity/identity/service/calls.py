"""The shapes that calls have: load the payload, run one use case in a transaction, dump the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from chassis.service import Clock, Database
from contracts import identity as contract
from contracts.rpc import Actor
from contracts.schema import load
from identity.dependencies import LastUses, PanelUrl, PasswordHashing, Secrets

Payload = dict[str, Any]


class Calls:
    """What the mixins of the service build on."""

    database = Database("IDENTITY_DATABASE_URL")
    clock = Clock()
    passwords = PasswordHashing()
    vault = Secrets()
    panel_url = PanelUrl()
    last_uses = LastUses()

    def _read(self, call: str, use_case: Callable[[Session], Any], payload: Payload) -> Payload:
        load(request_of(call), payload)
        with self.database.transaction() as session:
            return answer(call, use_case(session))

    def _timeless(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        request = load(request_of(call), payload)
        with self.database.transaction() as session:
            return answer(call, use_case(session, actor, **request))

    def _change(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        request = load(request_of(call), payload)
        with self.database.transaction() as session:
            return answer(call, use_case(session, actor, self.clock.now(), **request))

    def _hashing(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Use cases that hash passwords, between transactions of their own."""
        request = load(request_of(call), payload)
        return answer(call, use_case(self.database, self.passwords, actor, self.clock.now(), **request))

    def _secret(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Log-ins: they hash, and they open sealed seeds."""
        request = load(request_of(call), payload)
        return answer(call, use_case(self.database, self.passwords, self.vault, actor, self.clock.now(), **request))


def request_of(call: str) -> Any:
    return contract.RPC[call].payload


def answer(call: str, answer: Any) -> Payload:
    return contract.RPC[call].dump(answer or {})
