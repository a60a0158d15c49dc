"""Entrypoints: what SMS cost, for operators; and the plans that accounts pay by."""

from __future__ import annotations

from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.store.prices import note_plan
from sms_gateway.usecases import prices


class Prices(Base):
    """Prices by plan, costs by carrier, and what carriers took."""

    @rpc
    def list_sms_prices(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sms_prices", prices.list_sms_prices, actor, payload)

    @rpc
    def create_sms_price(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_sms_price", prices.create_sms_price, actor, payload)

    @rpc
    def delete_sms_price(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_sms_price", prices.delete_sms_price, actor, payload)

    @rpc
    def report_sms_traffic(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("report_sms_traffic", prices.report_sms_traffic, actor, payload)

    @event_handler(events.PLAN_CHANGED)
    def follow_plan(self, payload: Payload) -> None:
        """May run twice and in any order: what was told last holds."""
        told = {name: payload[name] for name in ("account_id", "plan", "occurred_at")}
        with self.database.transaction() as session:
            note_plan(session, **told)
