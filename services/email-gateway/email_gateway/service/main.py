"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from channel import quota_leases
from chassis import inbox
from chassis.ids import new_id
from chassis.service import event_handler
from contracts import events
from email_gateway.service.mail_routes import MailRoutes
from email_gateway.service.messages import Messages
from email_gateway.service.senders import Senders
from email_gateway.store import contents as content_store
from email_gateway.store import ledger
from email_gateway.store import senders as sender_store
from email_gateway.usecases import system


class EmailGatewayService(Senders, Messages, MailRoutes):
    """E-mail: sender domains, contents, single messages, mail routes. Sending itself is `email_gateway.sender`'s."""

    name = "email_gateway"

    @event_handler(events.SYSTEM_MAIL_REQUESTED)
    def send_requested_mail(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self.ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_requested_mail", payload["event_id"]):
                locale = "en" if payload["language"].lower().startswith("en") else "pl"
                self.send_system_mail(session, payload["to"], payload["template"], locale, payload["fields"])
        self.relay.poke()

    @event_handler(events.CONFIRMATION_MAIL_REQUESTED)
    def send_confirmation_mail(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self.ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_confirmation_mail", payload["event_id"]):
                system.send_confirmation(session, self.tools, send_id=new_id(), request=payload)
        self.relay.poke()

    @event_handler(events.ACCOUNT_REGISTERED)
    def send_registration_notice(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self.ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_registration_notice", payload["event_id"]):
                variables = {name: payload[name] for name in ("account_name", "login")}
                self.send_system_mail(session, payload["email"], "account_registered", "pl", variables)
        self.relay.poke()

    @event_handler(events.PLAN_CHANGED)
    def end_lease(self, payload: dict[str, Any]) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        """May run twice: there is nothing left to erase the second time."""
        account_id: UUID = payload["account_id"]
        with self.database.transaction() as session:
            ledger.erase_account(session, account_id=account_id)
            content_store.erase_account(session, account_id=account_id)
            sender_store.erase_account(session, account_id=account_id)
