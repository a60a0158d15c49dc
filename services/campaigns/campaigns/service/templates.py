"""Templates."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import templates
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Templates(CampaignEntrypoints):
    @rpc
    def create_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_template", templates.create_template, actor, payload)

    @rpc
    def get_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_template", templates.get_template, actor, payload)

    @rpc
    def list_templates(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_templates", templates.list_templates, actor, payload)

    @rpc
    def update_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_template", templates.update_template, actor, payload)

    @rpc
    def delete_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_template", templates.delete_template, actor, payload)
