"""The message log."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from reporting.service.base import ReportingEntrypoints
from reporting.usecases import messages


class Messages(ReportingEntrypoints):
    @rpc
    def list_messages(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_messages", messages.list_messages, actor, payload)

    @rpc
    def get_message(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_message", messages.get_message, actor, payload)

    @rpc
    def find_read(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("find_read", messages.find_read, actor, payload)
