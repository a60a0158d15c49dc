"""Previews and tests of what a campaign says."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import content, unsaved
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Content(CampaignEntrypoints):
    @rpc
    def preview_content(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("preview_content", unsaved.preview_content, actor, payload, ask=self.ask_as(actor))

    @rpc
    def check_content(self, actor: Actor, payload: Payload) -> Payload:
        given = {"ask": self.ask_as(actor), "look": self.link_checks}
        return self.run_in_steps("check_content", unsaved.check_content, actor, payload, **given)

    @rpc
    def preview_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("preview_campaign", content.preview_campaign, actor, payload, ask=self.ask_as(actor))

    @rpc
    def test_campaign(self, actor: Actor, payload: Payload) -> Payload:
        given = {"ask": self.ask_as(actor), "files": self.attachments}
        return self.run_in_steps("test_campaign", content.send_test, actor, payload, **given)
