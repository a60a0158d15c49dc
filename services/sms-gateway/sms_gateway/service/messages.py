"""Entrypoints: contents, single messages, one person."""

from __future__ import annotations

from typing import Any

from channel.campaign_counts import LedgerColumns
from channel.service import ChannelCalls, UseCases
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import contents, messages, privacy


class Messages(Base, ChannelCalls):
    """What every channel answers; and `count_parts`."""

    use_cases = UseCases(
        prepare_content=contents.prepare_content,
        render_preview=contents.render_preview,
        check_content=contents.check_content,
        plan_test=messages.plan_test,
        plan_send=messages.plan_send,
        get_message=messages.get_message,
        export_person=privacy.export_person,
        erase_person=privacy.erase_person,
    )
    # What we end ourselves ends at the moment of its last try, and has no id of the carrier.
    ledger_columns = LedgerColumns(
        units="parts",
        was_taken="(carrier_message_id IS NOT NULL OR final_at IS DISTINCT FROM submitted_at)",
    )

    @rpc
    def prepare_content(self, actor: Actor, payload: Payload) -> Payload:
        prepare, url = contents.prepare_content, self.short_link_url
        return self.run_in_steps("prepare_content", prepare, actor, payload, short_link_url=url)

    @rpc
    def check_content(self, actor: Actor, payload: Payload) -> Payload:
        check, url = contents.check_content, self.short_link_url
        return self.run_in_steps("check_content", check, actor, payload, short_link_url=url)

    @rpc
    def count_parts(self, actor: Actor, payload: Payload) -> Payload:
        call = self.calls["count_parts"]
        request, url = call.load(payload), self.short_link_url
        audience = request.pop("audience")
        counted = {**contents.count_parts(**request, short_link_url=url), "recipients": None}
        if audience is not None:
            given = contents.with_address(request, url)
            asked = call.payload().dump({"text": "", "audience": audience})["audience"]
            counted["recipients"] = contents.measure(self._ask(actor), actor=actor, content=given, audience=asked)
        return call.dump(counted)

    def _ask(self, actor: Actor) -> contents.Ask:
        def ask(name: str, payload: Payload, *, deadline: float = 5.0) -> Payload:
            answer: Payload = self.services.call(name, actor, payload, deadline=deadline)
            return answer

        return ask

    def _plan(self, actor: Actor, payload: Payload) -> Any:
        request = self.calls["send_messages"].load(payload)
        now, url = self.clock.now(), self.short_link_url
        return messages.plan_send(self.database, actor=actor, now=now, short_link_url=url, **request)
