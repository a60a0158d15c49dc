"""Campaigns of steps: what each has done, and to whom."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import step_reports
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Steps(CampaignEntrypoints):
    @rpc
    def get_campaign_steps(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_campaign_steps", step_reports.get_campaign_steps, actor, payload)

    @rpc
    def list_campaign_people(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_campaign_people", step_reports.list_campaign_people, actor, payload)
