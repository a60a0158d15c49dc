"""Entrypoints of campaigns: they translate, they do not decide."""

from __future__ import annotations

from typing import Any

from campaigns.usecases import content, drafts, life, templates
from campaigns.usecases.ports import Ask
from campaigns.views import of_campaign, of_campaigns, of_template, of_templates
from chassis.service import Clock, Database, Health, OutboxRelay, Services, event_handler, rpc
from contracts import campaigns as wire
from contracts import events
from contracts.rpc import Actor
from contracts.schema import dump, load

Payload = dict[str, Any]


class CampaignsService:
    name = "campaigns"

    database = Database("CAMPAIGNS_DATABASE_URL")
    services = Services()
    clock = Clock()
    relay = OutboxRelay()
    health = Health()

    # Drafts

    @rpc
    def create_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignCreate, payload)
        with self.database.transaction() as session:
            return of_campaign(drafts.create(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def get_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignId, payload)
        with self.database.transaction() as session:
            return of_campaign(drafts.get(session, actor=actor, **request))

    @rpc
    def list_campaigns(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignQuery, payload)
        with self.database.transaction() as session:
            return of_campaigns(drafts.page(session, actor=actor, **request))

    @rpc
    def update_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignUpdateById, payload)
        with self.database.transaction() as session:
            return of_campaign(drafts.update(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def delete_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignId, payload)
        drafts.remove(self.database, self._ask(actor), actor=actor, **request)
        return {}

    @rpc
    def duplicate_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.DuplicateById, payload)
        with self.database.transaction() as session:
            return of_campaign(drafts.duplicate(session, actor=actor, now=self.clock.now(), **request))

    # Content

    @rpc
    def preview_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.PreviewById, payload)
        return dump(wire.Preview, content.preview(self.database, self._ask(actor), actor=actor, **request))

    @rpc
    def test_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TestById, payload)
        return dump(wire.TestSent, content.send_test(self.database, self._ask(actor), actor=actor, **request))

    # Life

    @rpc
    def schedule_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.ScheduleById, payload)
        now = self.clock.now()
        return of_campaign(life.schedule(self.database, self._ask(actor), actor=actor, now=now, **request))

    @rpc
    def pause_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignId, payload)
        with self.database.transaction() as session:
            return of_campaign(life.pause(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def resume_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignId, payload)
        with self.database.transaction() as session:
            return of_campaign(life.resume(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def cancel_campaign(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.CampaignId, payload)
        with self.database.transaction() as session:
            return of_campaign(life.cancel(session, actor=actor, now=self.clock.now(), **request))

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            life.erase_account(session, event_id=payload["event_id"], account_id=payload["account_id"])

    # Templates

    @rpc
    def create_template(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TemplateCreate, payload)
        with self.database.transaction() as session:
            return of_template(templates.create(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def get_template(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TemplateId, payload)
        with self.database.transaction() as session:
            return of_template(templates.get(session, actor=actor, **request))

    @rpc
    def list_templates(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TemplateQuery, payload)
        with self.database.transaction() as session:
            return of_templates(templates.page(session, actor=actor, **request))

    @rpc
    def update_template(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TemplateUpdateById, payload)
        with self.database.transaction() as session:
            return of_template(templates.update(session, actor=actor, now=self.clock.now(), **request))

    @rpc
    def delete_template(self, actor: Actor, payload: Payload) -> Payload:
        request = load(wire.TemplateId, payload)
        with self.database.transaction() as session:
            templates.remove(session, actor=actor, **request)
        return {}

    def _ask(self, actor: Actor) -> Ask:
        """Ask other services on behalf of the same actor, with the same rights."""

        def ask(name: str, payload: Payload, *, deadline: float = 10.0) -> Any:
            return self.services.call(name, actor, payload, deadline=deadline)

        return ask
