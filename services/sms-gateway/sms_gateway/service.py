"""The Nameko service: entrypoints only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from chassis import acts, gathering, quota_leases
from chassis.config import load as load_config
from chassis.config import setting
from chassis.secrets import Vault
from chassis.service import Clock, Database, Health, OutboxRelay, QuotaLeases, Services, Session, event_handler, rpc
from contracts import events
from contracts import sms_gateway as contract
from contracts.errors import Forbidden
from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Actor
from contracts.schema import PageQuery, dump, load
from sms_gateway import usecases


@dataclass(frozen=True, kw_only=True)
class _Config:
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


class VaultProvider(DependencyProvider):
    """`self.vault`: seals carriers' passwords."""

    def setup(self) -> None:
        self._vault = Vault(load_config(_Config, os.environ).secret_keys)

    def get_dependency(self, worker_ctx: Any) -> Vault:
        return self._vault


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
    leases = QuotaLeases("sms")
    health = Health()
    vault = VaultProvider()

    # --- contents

    @rpc
    def prepare_content(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.Prepare, payload)
        with self.database.transaction() as session:
            return usecases.prepare_content(
                session, account_id=usecases.account_of(actor), sender=request["sender"], content=request["content"]
            )

    @rpc
    def render_preview(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.Preview, payload)
        with self.database.transaction() as session:
            preview = usecases.render_preview(
                session,
                account_id=usecases.account_of(actor),
                content_hash=request["content_hash"],
                fields=request["fields"],
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
                session,
                account_id=usecases.account_of(actor),
                request_key=actor.get("request_key"),
                trace_id=str(actor.get("request_id") or ""),
                request=request,
            )
        (answer,) = self._desk.send([plan])
        self.relay.poke()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @rpc
    def send_messages(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """A gathered call: `contracts.rpc.Call`."""
        answers = gathering.answer(payload, self._desk.send_requests)
        self.relay.poke()
        return answers

    @property
    def _desk(self) -> usecases.Desk:
        return usecases.Desk(self.database, self.leases, self.clock.now)

    @rpc
    def get_message(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.ById, payload)
        with self.database.transaction() as session:
            found = usecases.get_message(session, account_id=usecases.account_of(actor), message_id=request["id"])
        return dump(contract.Sms, found)

    # --- sender IDs

    @rpc
    def list_sender_ids(self, actor: Actor, payload: dict[str, Any]) -> Any:
        query = load(contract.SenderIdQuery, payload)
        with self.database.transaction() as session:
            return dump(
                contract.SenderIdPage,
                usecases.list_senders(session, account_id=usecases.account_of(actor), query=query),
            )

    @rpc
    def request_sender_id(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderIdCreate, payload)
        with self.database.transaction() as session:
            sender = usecases.request_sender(
                session, account_id=usecases.account_of(actor), sender=request["sender"], now=self.clock.now()
            )
            self._tell(session, actor, "sender_id.requested", sender.id, sender=sender.sender)
            return dump(contract.SenderId, sender)

    @rpc
    def accept_sender_id(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.ById, payload)
        with self.database.transaction() as session:
            sender = usecases.accept_sender(
                session, account_id=usecases.account_of(actor), sender_id=request["id"], now=self.clock.now()
            )
            self._tell(session, actor, "sender_id.accepted", sender.id, sender=sender.sender)
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
            decided = {"sender": sender.sender, "decision": request["decision"], "account_id": sender.account_id}
            self._tell(session, actor, "sender_id.decided", sender.id, reason=request["reason"], **decided)
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
            reason = request.pop("reason")
            carrier = usecases.create_carrier(session, self.vault, request)
            self._tell(session, actor, "carrier.created", carrier.id, reason=reason, name=carrier.name)
            return dump(contract.Carrier, carrier)

    @rpc
    def update_carrier(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.CarrierChangeById, payload)
        with self.database.transaction() as session:
            reason = request.pop("reason")
            carrier = usecases.update_carrier(session, self.vault, request)
            changed = {"name": carrier.name, "fields": sorted(request.keys() - {"id"})}
            self._tell(session, actor, "carrier.changed", carrier.id, reason=reason, **changed)
            return dump(contract.Carrier, carrier)

    @rpc
    def delete_carrier(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.ByIdWithReason, payload)
        with self.database.transaction() as session:
            usecases.delete_carrier(session, carrier_id=request["id"])
            self._tell(session, actor, "carrier.deleted", request["id"], reason=request["reason"])
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
            reason = request.pop("reason")
            route = usecases.create_route(session, request)
            self._tell(session, actor, "route.created", route.id, reason=reason, prefix=route.prefix)
            return dump(contract.CarrierRoute, route)

    @rpc
    def update_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.RouteChangeById, payload)
        with self.database.transaction() as session:
            reason = request.pop("reason")
            route = usecases.update_route(session, request)
            changed = {name: value for name, value in request.items() if name != "id"}
            self._tell(session, actor, "route.changed", route.id, reason=reason, **changed)
            return dump(contract.CarrierRoute, route)

    @rpc
    def delete_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        _ensure_operator(actor)
        request = load(contract.ByIdWithReason, payload)
        with self.database.transaction() as session:
            usecases.delete_route(session, route_id=request["id"])
            self._tell(session, actor, "route.deleted", request["id"], reason=request["reason"])
        return {}

    @staticmethod
    def _tell(session: Session, actor: Actor, action: str, target_id: UUID, **more: Any) -> None:
        acts.record(session, events.SMS_GATEWAY_ACT, actor, action, target_id=target_id, **more)

    # --- privacy

    @rpc
    def export_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PersonAsked, payload)
        with self.database.transaction() as session:
            found = usecases.export_person(session, account_id=usecases.account_of(actor), **request)
        return dump(PersonRecords, found)

    @rpc
    def erase_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """Twice is harmless: the second time nothing is found."""
        request = load(PersonToErase, payload)
        account_id = usecases.account_of(actor)
        return dump(PersonForgotten, usecases.erase_person(self.database, account_id=account_id, **request))

    # --- events

    @event_handler(events.PLAN_CHANGED)
    def end_lease(self, payload: dict[str, Any]) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            usecases.erase_account(session, event_id=payload["event_id"], account_id=payload["account_id"])
