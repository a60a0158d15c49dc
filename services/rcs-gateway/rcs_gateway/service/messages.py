"""Entrypoints: contents, single messages, what people answer, one person."""

from __future__ import annotations

from channel.service import ChannelCalls, UseCases
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from rcs_gateway.service.base import Base
from rcs_gateway.usecases import answers, contents, messages, privacy


class Messages(Base, ChannelCalls):
    """What every channel answers, taking back, and the inbox."""

    use_cases = UseCases(
        prepare_content=contents.prepare_content,
        render_preview=contents.render_preview,
        check_content=contents.check_content,
        plan_test=contents.CONTENTS.plan_test,
        plan_send=messages.plan_send,
        get_message=messages.get_message,
        export_person=privacy.export_person,
        erase_person=privacy.erase_person,
        erase_account=privacy.erase_account,
    )

    @rpc
    def revoke_message(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("revoke_message", messages.revoke_message, actor, payload)

    @rpc
    def revoke_messages(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("revoke_messages", messages.revoke_messages, actor, payload)

    @rpc
    def take_back_messages(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("take_back_messages", messages.take_back_messages, actor, payload)

    @rpc
    def list_inbound_rcs(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_inbound_rcs", answers.list_inbound_rcs, actor, payload)
