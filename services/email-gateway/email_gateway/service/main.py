"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from typing import Any

from channel import account_networks, quota_leases
from chassis import inbox
from chassis.ids import new_id
from chassis.service import Payload, event_handler
from contracts import events
from email_gateway.service.ip_pools import IpPools
from email_gateway.service.mail_routes import MailRoutes
from email_gateway.service.messages import Messages
from email_gateway.service.senders import Senders
from email_gateway.service.smtp_accounts import SmtpAccounts
from email_gateway.usecases import sender_addresses, system


class EmailGatewayService(Senders, Messages, MailRoutes, IpPools, SmtpAccounts):
    """E-mail: sender domains, contents, single messages, mail routes, pools of addresses.

    Sending itself is `email_gateway.outbound`'s.
    """

    name = "email_gateway"

    @event_handler(events.SYSTEM_MAIL_REQUESTED)
    def send_requested_mail(self, payload: Payload) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self._send(
            "send_requested_mail", payload, payload["to"], payload["template"], _locale(payload), payload["fields"]
        )

    @event_handler(events.ACCOUNT_REGISTERED)
    def send_registration_notice(self, payload: Payload) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self._follow_trial(payload)
        if payload["url"] is None:
            return
        variables = {"url": payload["url"]}  # names were typed by whoever registered, perhaps with a stranger's address
        self._send(
            "send_registration_notice", payload, payload["email"], "account_registered", _locale(payload), variables
        )

    def _send(
        self, handler: str, payload: Payload, to: str, template: str, locale: str, variables: dict[str, Any]
    ) -> None:
        system.ensure_system_domain(self.database, self.tools, self.clock.now())
        with self.database.transaction() as session:
            if inbox.first_time(session, handler, payload["event_id"]):
                system.send(
                    session, self.tools, send_id=new_id(), to=to, template=template, locale=locale, variables=variables
                )
        self.relay.poke()

    @event_handler(events.CONFIRMATION_MAIL_REQUESTED)
    def send_confirmation_mail(self, payload: Payload) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        system.ensure_system_domain(self.database, self.tools, self.clock.now())
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_confirmation_mail", payload["event_id"]):
                system.send_confirmation(session, self.tools, send_id=new_id(), request=payload)
        self.relay.poke()

    @event_handler(events.ACCOUNT_STANDING_CHANGED)
    def follow_standing(self, payload: Payload) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])
        self._follow_trial(payload)

    def _follow_trial(self, payload: Payload) -> None:
        """The account's address in the sandbox domain comes and goes with its trial; Wici's own domain signs there."""
        account_id, is_on_trial = payload["account_id"], payload["on_trial"]
        if is_on_trial is None:
            return
        system.ensure_system_domain(self.database, self.tools, self.clock.now())
        with self.database.transaction() as session:
            sender_addresses.follow_trial(session, tools=self.tools, account_id=account_id, is_on_trial=is_on_trial)

    @event_handler(events.ACCOUNT_IP_RULES_CHANGED)
    def follow_ip_rules(self, payload: Payload) -> None:
        """May run twice and in any order: the version tells which is the later."""
        with self.database.transaction() as session:
            account_networks.note(session, **payload)


def _locale(payload: Payload) -> str:
    return "en" if payload["language"].lower().startswith("en") else "pl"
