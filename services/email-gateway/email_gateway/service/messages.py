"""Entrypoints: contents, single messages, one person."""

from __future__ import annotations

from typing import Any

from chassis import gathering
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from email_gateway.domain.sends import Plan
from email_gateway.service.base import Base
from email_gateway.usecases import contents, messages, privacy


class Messages(Base):
    """What every channel answers."""

    @rpc
    def prepare_content(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("prepare_content", contents.prepare_content, actor, payload)

    @rpc
    def render_preview(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("render_preview", contents.render_preview, actor, payload)

    @rpc
    def send_test(self, actor: Actor, payload: Payload) -> Payload:
        call = self.calls["send_test"]
        with self.database.transaction() as session:
            plan = messages.plan_test(session, actor=actor, **call.load(payload))
        accepted = self.single_sends.send_one(plan)
        self.relay.poke()
        return call.dump(accepted)

    @rpc
    def send_messages(self, actor: Actor, payload: Payload) -> Payload:
        """A gathered call: `contracts.rpc.Call`."""
        answers = gathering.answer(payload, lambda requests: self.single_sends.send_requests(requests, self._plan))
        self.relay.poke()
        return answers

    def _plan(self, actor: Actor, payload: dict[str, Any]) -> Plan:
        request = self.calls["send_messages"].load(payload)
        with self.database.transaction() as session:
            return messages.plan_send(session, actor=actor, **request)

    @rpc
    def get_message(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_message", messages.get_message, actor, payload)

    @rpc
    def export_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("export_person", privacy.export_person, actor, payload)

    @rpc
    def erase_person(self, actor: Actor, payload: Payload) -> Payload:
        """Twice is harmless: the second time nothing is found."""
        return self.run_in_steps("erase_person", privacy.erase_person, actor, payload)
