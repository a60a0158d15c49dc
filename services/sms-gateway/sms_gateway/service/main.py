"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from channel import account_networks
from chassis.service import Payload, event_handler
from contracts import events
from sms_gateway.service.answers import Answers
from sms_gateway.service.carriers import Carriers
from sms_gateway.service.keywords import Keywords
from sms_gateway.service.messages import Messages
from sms_gateway.service.prices import Prices
from sms_gateway.service.senders import Senders
from sms_gateway.service.smpp_accounts import SmppAccounts
from sms_gateway.usecases import contents, privacy, replies, system


class SmsGatewayService(Messages, Answers, Keywords, Senders, SmppAccounts, Carriers, Prices):
    """SMS: sender IDs, contents, single messages, carriers and routes. Sending itself is `sms_gateway.outbound`'s."""

    name = "sms_gateway"

    @event_handler(events.SYSTEM_SMS_REQUESTED)
    def send_requested_sms(self, payload: Payload) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the message down."""
        with self.database.transaction() as session:
            system.send_requested(session, now=self.clock.now(), sender=self.system_sender, request=payload)
        self.relay.poke()

    @event_handler(events.SMS_REPLIES_DUE)
    def send_replies(self, payload: Payload) -> None:
        """May run twice: each reply has the message that it answers as its request's key."""
        replies.send_replies(self.database, self.single_sends, now=self.clock.now(), due=payload)
        self.relay.poke()

    @event_handler(events.ACCOUNT_IP_RULES_CHANGED)
    def follow_ip_rules(self, payload: Payload) -> None:
        """May run twice and in any order: the version tells which is the later."""
        with self.database.transaction() as session:
            account_networks.note(session, **payload)

    @event_handler(events.SHORT_LINK_HOST_CHANGED)
    def keep_short_link_host(self, payload: Payload) -> None:
        """May run twice and in any order: the version tells which is the later."""
        with self.database.transaction() as session:
            contents.keep_short_link_host(session, event=payload)

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            privacy.erase_account(session, event_id=payload["event_id"], account_id=payload["account_id"])
