"""The Nameko service: entrypoints only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from chassis.config import load as load_config
from chassis.config import setting
from chassis.secrets import Vault
from chassis.service import Clock, Database, Health, OutboxRelay, Services, event_handler, rpc
from contracts import events
from contracts import sms_gateway as contract
from contracts.errors import Forbidden, Unauthenticated, WiciError
from contracts.rpc import Actor
from contracts.schema import PageQuery, dump, load
from sms_gateway import usecases
from sms_gateway.usecases.sending import Plan


@dataclass(frozen=True, kw_only=True)
class _Config:
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


class VaultProvider(DependencyProvider):
    """`self.vault`: seals carriers' passwords."""

    def setup(self) -> None:
        self._vault = Vault(load_config(_Config, os.environ).secret_keys)

    def get_dependency(self, worker_ctx: Any) -> Vault:
        return self._vault


def _account(actor: Actor) -> UUID:
    account_id = actor.get("account_id")
    if not account_id:
        raise Unauthenticated("account.missing", "This is asked for on behalf of an account.")
    return UUID(account_id)


def _ensure_operator(actor: Actor) -> None:
    if not actor.get("operator_id"):
        raise Forbidden("operator.only", "Only an operator may do this.")


class SmsGatewayService:
    """SMS: sender IDs, contents, single messages, carriers and routes. Sending itself is the connector's."""

    name = "sms_gateway"

    database = Database("SMS_GATEWAY_DATABASE_URL")
    services = Services()
    clock = Clock()
    relay = OutboxRelay()
    health = Health()
    vault = VaultProvider()

    # --- contents

    @rpc
    def prepare_content(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.Prepare, payload)
        with self.database.transaction() as session:
            return usecases.prepare_content(
                session, account_id=_account(actor), sender=request["sender"], content=request["content"]
            )

    @rpc
    def render_preview(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.Preview, payload)
        with self.database.transaction() as session:
            preview = usecases.render_preview(
                session, account_id=_account(actor), content_hash=request["content_hash"], fields=request["fields"]
            )
        return dump(contract.Previewed, preview)

    @rpc
    def count_parts(self, actor: Actor, payload: dict[str, Any]) -> Any:
        return dump(contract.Counted, usecases.count_parts(**load(contract.PartsCount, payload)))

    # --- single messages

    @rpc
    def send_test(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SendTest, payload)
        with self.database.transaction() as session:
            plan = usecases.plan_test(
                session, account_id=_account(actor), request_key=actor.get("request_key"), request=request
            )
        return self._send(actor, plan)

    @rpc
    def send_messages(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SmsCreate, payload)
        with self.database.transaction() as session:
            plan = usecases.plan_send(
                session,
                account_id=_account(actor),
                request_key=actor.get("request_key"),
                request=request,
                now=self.clock.now(),
            )
        return self._send(actor, plan)

    def _send(self, actor: Actor, plan: Plan) -> Any:
        """Reserve, store, use. A crash in between leaves the units reserved, which counts against the quota alike."""
        quota = {"reservation_id": str(plan.reservation_id), "amount": len(plan.addresses)}
        self.services.call("identity.reserve_quota", actor, {**quota, "feature": "sms"}, deadline=5.0)
        with self.database.transaction() as session:
            accepted = usecases.store_send(session, plan, now=self.clock.now())
        self.relay.poke()
        try:
            self.services.call("identity.use_quota", actor, quota, deadline=5.0)
        except WiciError:
            pass  # The reservation stands; the messages are on their way.
        return dump(contract.SmsAccepted, accepted)

    @rpc
    def get_message(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.ById, payload)
        with self.database.transaction() as session:
            found = usecases.get_message(session, account_id=_account(actor), message_id=request["id"])
        return dump(contract.Sms, found)

    # --- sender IDs

    @rpc
    def list_sender_ids(self, actor: Actor, payload: dict[str, Any]) -> Any:
        query = load(contract.SenderIdQuery, payload)
        with self.database.transaction() as session:
            return dump(contract.SenderIdPage, usecases.list_senders(session, account_id=_account(actor), query=query))

    @rpc
    def request_sender_id(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderIdCreate, payload)
        with self.database.transaction() as session:
            sender = usecases.request_sender(
                session, account_id=_account(actor), sender=request["sender"], now=self.clock.now()
            )
            return dump(contract.SenderId, sender)

    @rpc
    def accept_sender_id(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.ById, payload)
        with self.database.transaction() as session:
            sender = usecases.accept_sender(
                session, account_id=_account(actor), sender_id=request["id"], now=self.clock.now()
            )
            return dump(contract.SenderId, sender)

    @rpc
    def list_all_sender_ids(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        query = load(contract.SenderIdQuery, payload)
        with self.database.transaction() as session:
            return dump(contract.SenderIdPage, usecases.list_senders(session, account_id=None, query=query))

    @rpc
    def decide_sender_id(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.SenderDecisionById, payload)
        with self.database.transaction() as session:
            sender = usecases.decide_sender(
                session,
                sender_id=request["id"],
                decision=request["decision"],
                reason=request["reason"],
                now=self.clock.now(),
            )
            return dump(contract.SenderId, sender)

    # --- carriers and routes

    @rpc
    def list_carriers(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        with self.database.transaction() as session:
            return dump(contract.CarrierPage, usecases.list_carriers(session, query=load(PageQuery, payload)))

    @rpc
    def create_carrier(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.CarrierCreate, payload)
        with self.database.transaction() as session:
            return dump(contract.Carrier, usecases.create_carrier(session, self.vault, request))

    @rpc
    def update_carrier(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.CarrierChangeById, payload)
        with self.database.transaction() as session:
            return dump(contract.Carrier, usecases.update_carrier(session, self.vault, request))

    @rpc
    def delete_carrier(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        with self.database.transaction() as session:
            usecases.delete_carrier(session, carrier_id=load(contract.ById, payload)["id"])
        return {}

    @rpc
    def list_routes(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        with self.database.transaction() as session:
            return dump(contract.RoutePage, usecases.list_routes(session, query=load(PageQuery, payload)))

    @rpc
    def create_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.RouteCreate, payload)
        with self.database.transaction() as session:
            return dump(contract.CarrierRoute, usecases.create_route(session, request))

    @rpc
    def update_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.RouteChangeById, payload)
        with self.database.transaction() as session:
            return dump(contract.CarrierRoute, usecases.update_route(session, request))

    @rpc
    def delete_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        with self.database.transaction() as session:
            usecases.delete_route(session, route_id=load(contract.ById, payload)["id"])
        return {}

    # --- events

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            usecases.erase_account(session, event_id=payload["event_id"], account_id=payload["account_id"])
