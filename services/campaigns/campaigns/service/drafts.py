"""Campaigns while they are written, and what all of an account keep to."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import drafts, rules
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Drafts(CampaignEntrypoints):
    @rpc
    def create_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_campaign", drafts.create_campaign, actor, payload)

    @rpc
    def get_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_campaign", drafts.get_campaign, actor, payload)

    @rpc
    def get_progress(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_progress", drafts.get_progress, actor, payload)

    @rpc
    def get_link_labels(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("get_link_labels", drafts.get_link_labels, actor, payload, ask=self.ask_as(actor))

    @rpc
    def get_campaign_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_campaign_rules", rules.get_campaign_rules, actor, payload)

    @rpc
    def set_campaign_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("set_campaign_rules", rules.set_campaign_rules, actor, payload)

    @rpc
    def list_campaigns(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_campaigns", drafts.list_campaigns, actor, payload)

    @rpc
    def list_left_out(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_left_out", drafts.list_left_out, actor, payload)

    @rpc
    def update_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_campaign", drafts.update_campaign, actor, payload)

    @rpc
    def delete_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("delete_campaign", drafts.delete_campaign, actor, payload, ask=self.ask_as(actor))

    @rpc
    def duplicate_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("duplicate_campaign", drafts.duplicate_campaign, actor, payload)
