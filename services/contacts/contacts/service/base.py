"""What every group of entrypoints shares: the dependencies, and the one way from a payload to an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.service import Clock, Database, ErasureKeys, Health, OutboxRelay, Services
from contacts.usecases.terms import Terms
from contracts.contacts import RPC
from contracts.rpc import Actor

Payload = dict[str, Any]


class Base:
    """Dependencies of the service; its entrypoints are in the classes beside this one."""

    database = Database("CONTACTS_DATABASE_URL")
    services = Services()
    clock = Clock()
    relay = OutboxRelay()
    health = Health()
    erasure_keys = ErasureKeys()

    def run(self, name: str, usecase: Callable[..., Any], actor: Actor, payload: Payload, **more: Any) -> Any:
        """Load the payload of call `name`, run the use case in a transaction, dump its answer."""
        call = RPC[name]
        request = call.load(payload)
        with self.database.transaction() as session:
            return call.dump(usecase(session, actor, self.clock.now(), **request, **more))

    def limit_of(self, actor: Actor) -> int | None:
        """How many contacts the plan allows, asked now: a plan may have changed a moment ago."""
        answer = self.services.call("identity.check_limit", actor, {"feature": "contacts"}, deadline=5.0)
        limit: int | None = answer["limit"]
        return limit

    def terms_of(self, actor: Actor) -> Terms:
        account = self.services.call("identity.get_account", actor, {}, deadline=5.0)
        return Terms(limit=self.limit_of(actor), region=account.get("default_region") or "PL")
