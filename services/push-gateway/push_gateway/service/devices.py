"""Entrypoints: devices, which applications register by themselves."""

from __future__ import annotations

from typing import Any

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from push_gateway.service.base import Base
from push_gateway.usecases import devices


class Devices(Base):
    """Where applications are installed."""

    @rpc
    def register_device(self, actor: Actor, payload: Payload) -> Payload:
        register = devices.register_device
        answer = self.run_in_steps("register_device", register, actor, payload, tools=self.tools, note=self._note)
        self.relay.poke()
        return answer

    def _note(self, account_id: str, owner: dict[str, Any]) -> Payload:
        asker: Actor = {"account_id": account_id, "service": "push_gateway"}
        noted: Payload = self.services.call("contacts.note_device", asker, owner, deadline=5.0)
        return noted

    @rpc
    def forget_device(self, actor: Actor, payload: Payload) -> Payload:
        answer = self.run_in_steps("forget_device", devices.forget_device, actor, payload, tools=self.tools)
        self.relay.poke()
        return answer

    @rpc
    def list_devices(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_devices", devices.list_devices, actor, payload)

    @rpc
    def delete_device(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_device", devices.delete_device, actor, payload)
