"""What reporting hears of campaigns and of accounts."""

from __future__ import annotations

from chassis.service import Payload, event_handler
from contracts import events
from reporting.service.base import ReportingEntrypoints
from reporting.store import retention
from reporting.usecases import campaigns, privacy, schedules, webhook_events, webhook_sending


class Events(ReportingEntrypoints):
    @event_handler(events.CAMPAIGN_STARTED)
    def record_campaign_start(self, payload: Payload) -> None:
        """Twice is harmless: it writes the same."""
        with self.database.transaction() as session:
            campaigns.record_campaign_start(session, payload)

    @event_handler(events.CAMPAIGN_STATE_CHANGED)
    def record_campaign_state(self, payload: Payload) -> None:
        """Twice or late is harmless: only a later state replaces one, and webhooks are told by the event's id."""
        with self.database.transaction() as session:
            campaigns.record_campaign_state(session, payload)
            webhook_events.keep_campaign_state(session, payload)
            schedules.expect_campaign(session, payload)

    @event_handler(events.ADDRESSES_ARCHIVED)
    def keep_archived(self, payload: Payload) -> None:
        """Twice is harmless: each address in the event has an id of its own."""
        with self.database.transaction() as session:
            webhook_events.keep_archived(session, payload)

    @event_handler(events.IMPORT_FINISHED)
    def keep_import(self, payload: Payload) -> None:
        """Twice is harmless: webhooks are told by the event's id."""
        with self.database.transaction() as session:
            webhook_events.keep_import(session, payload)

    @event_handler(events.SMS_RECEIVED)
    def keep_received_sms(self, payload: Payload) -> None:
        """Twice is harmless: each message has an id of its own."""
        with self.database.transaction() as session:
            webhook_events.keep_received_sms(session, payload)

    @event_handler(events.RCS_MESSAGES_RECEIVED)
    @event_handler(events.OTT_MESSAGES_RECEIVED)
    @event_handler(events.VIBER_MESSAGES_RECEIVED)
    def keep_received_messages(self, payload: Payload) -> None:
        """Twice is harmless: each message has an id of its own."""
        with self.database.transaction() as session:
            webhook_events.keep_received_messages(session, payload)

    @event_handler(events.ACCOUNT_SUSPENSION_CHANGED)
    def follow_suspension(self, payload: Payload) -> None:
        """Twice or late is harmless: the later of two is the one that stands."""
        with self.database.transaction() as session:
            webhook_sending.follow_suspension(session, payload)

    @event_handler(events.PLAN_CHANGED)
    def forget_plan(self, payload: Payload) -> None:
        """Twice is harmless: how long the plan keeps is asked for again before anything is deleted."""
        with self.database.transaction() as session:
            retention.forget_plan(session, payload["account_id"])

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """Twice is harmless: the second time there is nothing left."""
        privacy.erase_account(self.database, account_id=payload["account_id"])
