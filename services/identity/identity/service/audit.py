"""The audit trail: read, and kept of what other services announce."""

from __future__ import annotations

from chassis.service import Payload, event_handler, rpc
from contracts import events
from contracts.rpc import Actor
from identity.service.base import IdentityEntrypoints
from identity.usecases import audit, mail


class AuditCalls(IdentityEntrypoints):
    """The audit trail."""

    @rpc
    def list_audit_entries(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_audit_entries", audit.list_audit_entries, actor, payload)

    @rpc
    def list_operator_acts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_operator_acts", audit.list_operator_acts, actor, payload)

    @event_handler(events.REPORT_DUE)
    def mail_report(self, payload: Payload) -> None:
        """May run twice: the inbox knows."""
        with self.database.transaction() as session:
            mail.mail_report(session, due=payload)

    @event_handler(events.CONTACTS_ACT)
    @event_handler(events.CAMPAIGNS_ACT)
    @event_handler(events.SMS_GATEWAY_ACT)
    @event_handler(events.EMAIL_GATEWAY_ACT)
    @event_handler(events.PUSH_GATEWAY_ACT)
    @event_handler(events.OTT_GATEWAY_ACT)
    @event_handler(events.RCS_GATEWAY_ACT)
    @event_handler(events.VIBER_GATEWAY_ACT)
    @event_handler(events.REPORTING_ACT)
    def record_act(self, payload: Payload) -> None:
        """May run twice: the event's id is the entry's."""
        with self.database.transaction() as session:
            audit.add_act(session, act=payload)
