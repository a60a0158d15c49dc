"""A campaign's life after the draft, and the end of its account."""

from __future__ import annotations

from campaigns.service.base import CampaignEntrypoints
from campaigns.usecases import ab_tests, chains, follow_ups, life, schedules
from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor


class Life(CampaignEntrypoints):
    @rpc
    def schedule_campaign(self, actor: Actor, payload: Payload) -> Payload:
        given = {"ask": self.ask_as(actor), "files": self.attachments}
        return self.run_in_steps("schedule_campaign", life.schedule_campaign, actor, payload, **given)

    @rpc
    def pause_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("pause_campaign", life.pause_campaign, actor, payload)

    @rpc
    def resume_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("resume_campaign", life.resume_campaign, actor, payload)

    @rpc
    def cancel_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_campaign", life.cancel_campaign, actor, payload)

    @rpc
    def unschedule_campaign(self, actor: Actor, payload: Payload) -> Payload:
        ask = self.ask_as(actor)
        return self.run_in_steps("unschedule_campaign", schedules.unschedule_campaign, actor, payload, ask=ask)

    @rpc
    def reschedule_campaign(self, actor: Actor, payload: Payload) -> Payload:
        ask = self.ask_as(actor)
        return self.run_in_steps("reschedule_campaign", schedules.reschedule_campaign, actor, payload, ask=ask)

    @rpc
    def approve_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("approve_campaign", schedules.approve_campaign, actor, payload)

    @rpc
    def follow_up_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("follow_up_campaign", follow_ups.follow_up_campaign, actor, payload)

    @rpc
    def boost_campaign(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("boost_campaign", follow_ups.boost_campaign, actor, payload, ask=self.ask_as(actor))

    @rpc
    def choose_winner(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("choose_winner", ab_tests.choose_winner, actor, payload)

    @rpc
    def get_variant_report(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "get_variant_report", ab_tests.get_variant_report, actor, payload, ask=self.ask_as(actor)
        )

    @rpc
    def list_campaigns_needing(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_campaigns_needing", life.list_campaigns_needing, actor, payload)

    @event_handler(events.ACCOUNT_SUSPENSION_CHANGED)
    def follow_suspension(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            life.follow_suspension(session, now=self.clock.now(), event=payload)

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        chains.erase_of_account(self.database, payload["account_id"])
        with self.database.transaction() as session:
            life.erase_account(session, event_id=payload["event_id"], account_id=payload["account_id"])
