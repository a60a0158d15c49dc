"""Entrypoints: contents, single messages, one person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channel.service import ChannelCalls, UseCases
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from email_gateway import exceptions
from email_gateway.service.base import Base
from email_gateway.usecases import attachments, contents, messages, privacy


class Messages(Base, ChannelCalls):
    """What every channel answers."""

    use_cases = UseCases(
        prepare_content=contents.prepare_content,
        render_preview=contents.render_preview,
        check_content=contents.check_content,
        plan_test=messages.plan_test,
        plan_send=messages.plan_send,
        get_message=messages.get_message,
        export_person=privacy.export_person,
        erase_person=privacy.erase_person,
        erase_account=privacy.erase_account,
        send_of=lambda _session, _account_id, _message_id: None,  # a message's id alone does not lead to its send
    )

    def _plan(self, actor: Actor, payload: Payload) -> Any:
        def template(template_id: UUID) -> Payload:
            asker = {"account_id": actor["account_id"], "service": "email_gateway"}
            asked = {"template_id": str(template_id)}
            found: Payload = self.services.call("campaigns.get_template", asker, asked, deadline=5.0)
            if found["channel"] != Channel.EMAIL:
                raise exceptions.template_not_found()
            content: Payload = found["content"]
            return content

        request = self.calls["send_messages"].load(payload)
        return messages.plan_send(
            self.database,
            actor=actor,
            now=self.clock.now(),
            template=template,
            may_attach=lambda: self._may_attach(actor),
            **request,
        )

    def _may_attach(self, actor: Actor) -> bool:
        return "attachments" in self.account_of(actor)["plan"]["features"]

    @rpc
    def attach_files(self, actor: Actor, payload: Payload) -> Payload:
        attach, may_attach = attachments.attach_files, self._may_attach
        return self.run_in_steps("attach_files", attach, actor, payload, may_attach=lambda: may_attach(actor))

    @rpc
    def get_link_labels(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_link_labels", contents.get_link_labels, actor, payload)

    @rpc
    def check_content(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("check_content", self.use_cases.check_content, actor, payload, tools=self.tools)

    @rpc
    def prepare_content(self, actor: Actor, payload: Payload) -> Payload:
        def is_on_trial() -> bool:
            return bool(self.account_of(actor)["state"] == "trial")

        prepare = self.use_cases.prepare_content
        return self.run_in_steps("prepare_content", prepare, actor, payload, is_on_trial=is_on_trial)
