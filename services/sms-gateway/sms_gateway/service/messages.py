"""Entrypoints: contents, single messages, one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channel.campaign_counts import LedgerColumns
from channel.service import ChannelCalls, UseCases
from chassis.actors import account_of
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from sms_gateway.service.base import Base
from sms_gateway.usecases import contents, messages, prices, privacy


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
        note_unknown=messages.note_unknown,
    )
    # What we end ourselves ends at the moment of its last try, and has no id of the carrier.
    ledger_columns = LedgerColumns(
        units="parts",
        was_taken="(carrier_message_id IS NOT NULL OR final_at IS DISTINCT FROM submitted_at)",
    )

    @rpc
    def prepare_content(self, actor: Actor, payload: Payload) -> Payload:
        prepare, url = contents.prepare_content, self._short_link_url(actor, payload.get("content"))
        return self.run_in_steps("prepare_content", prepare, actor, payload, short_link_url=url)

    @rpc
    def check_content(self, actor: Actor, payload: Payload) -> Payload:
        check, url = contents.check_content, self._short_link_url(actor, payload.get("content"))
        return self.run_in_steps("check_content", check, actor, payload, short_link_url=url)

    @rpc
    def count_parts(self, actor: Actor, payload: Payload) -> Payload:
        call = self.calls["count_parts"]
        request, url = call.load(payload), self._short_link_url(actor, payload)
        audience = request.pop("audience")
        counted = {**contents.count_parts(**request, short_link_url=url), "recipients": None}
        counted["prices"] = []
        if actor.get("account_id"):
            with self.database.transaction() as session:
                counted["prices"] = prices.of_text(session, account_of(actor), counted["parts"], self.clock.now())
        if audience is not None:
            given = contents.with_address(request, url)
            asked = call.payload().dump({"text": "", "audience": audience})["audience"]
            counted["recipients"] = contents.measure(
                self.database, self._ask(actor), actor=actor, now=self.clock.now(), content=given, audience=asked
            )
        return call.dump(counted)

    def _short_link_url(self, actor: Actor, content: Any) -> str:
        """The account's, of a content that shortens links."""
        if not (isinstance(content, Mapping) and content.get("short_links") and actor.get("account_id")):
            return self.short_link_url
        return contents.short_link_url_of(self.database, account_id=account_of(actor), ours=self.short_link_url)

    def _ask(self, actor: Actor) -> contents.Ask:
        def ask(name: str, payload: Payload, *, deadline: float = 5.0) -> Payload:
            answer: Payload = self.services.call(name, actor, payload, deadline=deadline)
            return answer

        return ask

    def _plan(self, actor: Actor, payload: Payload) -> Any:
        request = self.calls["send_messages"].load(payload)
        now, url = self.clock.now(), self._short_link_url(actor, request)
        return messages.plan_send(self.database, actor=actor, now=now, short_link_url=url, **request)
