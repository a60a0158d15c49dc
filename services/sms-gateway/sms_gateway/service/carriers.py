"""Entrypoints: carriers and routes, which are the operators'."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import carrier_tests, carriers, countries, sms_ranges


class Carriers(Base):
    """Where messages leave by, and where they may go."""

    @rpc
    def list_carriers(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_carriers", carriers.list_carriers, actor, payload)

    @rpc
    def create_carrier(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_carrier", carriers.create_carrier, actor, payload, vault=self.vault)

    @rpc
    def update_carrier(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_carrier", carriers.update_carrier, actor, payload, vault=self.vault)

    @rpc
    def delete_carrier(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_carrier", carriers.delete_carrier, actor, payload)

    @rpc
    def get_carrier_state(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_carrier_state", carriers.get_carrier_state, actor, payload)

    @rpc
    def test_carrier(self, actor: Actor, payload: Payload) -> Payload:
        answer = self.run("test_carrier", carrier_tests.test_carrier, actor, payload)
        self.relay.poke()
        return answer

    @rpc
    def get_carrier_test(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_carrier_test", carrier_tests.get_carrier_test, actor, payload)

    @rpc
    def get_carrier_hook(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_carrier_hook", carriers.get_carrier_hook, actor, payload, vault=self.vault)

    @rpc
    def list_unread_deliveries(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_unread_deliveries", carriers.list_unread_deliveries, actor, payload)

    @rpc
    def get_sms_countries(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_sms_countries", countries.get_sms_countries, actor, payload)

    @rpc
    def set_sms_countries(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_sms_countries", countries.set_sms_countries, actor, payload)

    @rpc
    def list_routes(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_routes", carriers.list_routes, actor, payload)

    @rpc
    def create_route(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_route", carriers.create_route, actor, payload)

    @rpc
    def update_route(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_route", carriers.update_route, actor, payload)

    @rpc
    def delete_route(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_route", carriers.delete_route, actor, payload)

    @rpc
    def list_sms_ranges(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sms_ranges", sms_ranges.list_sms_ranges, actor, payload)

    @rpc
    def release_sms_range(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("release_sms_range", sms_ranges.release_sms_range, actor, payload)

    @rpc
    def drop_sms_range(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("drop_sms_range", sms_ranges.drop_sms_range, actor, payload)

    @rpc
    def get_sms_range_limit(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_sms_range_limit", sms_ranges.get_sms_range_limit, actor, payload)

    @rpc
    def set_sms_range_limit(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_sms_range_limit", sms_ranges.set_sms_range_limit, actor, payload)
