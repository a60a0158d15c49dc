"""Templates."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import pictures, template_versions, templates
from chassis.service import Payload, rpc
from contracts.rpc import Actor


class Templates(CampaignEntrypoints):
    @rpc
    def create_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("create_template", templates.create_template, actor, payload, ask=self.ask_as(actor))

    @rpc
    def get_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("get_template", templates.get_template, actor, payload, ask=self.ask_as(actor))

    @rpc
    def list_templates(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_templates", templates.list_templates, actor, payload)

    @rpc
    def list_template_folders(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_template_folders", templates.list_template_folders, actor, payload)

    @rpc
    def update_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("update_template", templates.update_template, actor, payload, ask=self.ask_as(actor))

    @rpc
    def delete_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_template", templates.delete_template, actor, payload)

    @rpc
    def copy_template(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("copy_template", templates.copy_template, actor, payload, ask=self.ask_as(actor))

    @rpc
    def list_template_versions(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_template_versions", templates.list_template_versions, actor, payload)

    @rpc
    def get_template_version(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_template_version", templates.get_template_version, actor, payload)

    @rpc
    def restore_template_version(self, actor: Actor, payload: Payload) -> Payload:
        restore = templates.restore_template_version
        return self.run_in_steps("restore_template_version", restore, actor, payload, ask=self.ask_as(actor))

    @rpc
    def compare_template_versions(self, actor: Actor, payload: Payload) -> Payload:
        compare = template_versions.compare_template_versions
        return self.run_in_steps("compare_template_versions", compare, actor, payload)

    @rpc
    def get_template_picture(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_template_picture", pictures.get_template_picture, actor, payload)
