"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from typing import Any

from chassis.inbox import first_time
from chassis.service import event_handler
from contacts.service.forms import Forms
from contacts.service.lists import Lists
from contacts.service.people import People
from contacts.service.selections import Selections
from contacts.usecases import accounts, archive
from contracts import events
from contracts.errors import NotFound
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS


class ContactsService(People, Lists, Selections, Forms):
    """People, groups, imports and exports, segments, the archive, audiences, forms and privacy."""

    name = "contacts"

    @event_handler(events.RECIPIENT_UNSUBSCRIBED)
    def archive_unsubscribed(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            ask = archive.was_written_to_elsewhere(session, payload)
        sent_to = self._address_of_message(payload) if ask else None
        with self.database.transaction() as session:
            archive.archive_unsubscribed(session, payload, sent_to)

    def _address_of_message(self, event: dict[str, Any]) -> str | None:
        """Where the message went, which reporting knows; None where it does not, or the person was erased.

        Where reporting is away the event fails, and is kept among the dead letters rather than lost.
        """
        actor: Actor = {"account_id": str(event["account_id"]), "service": "contacts"}
        asked = {"message_id": str(event["message_id"])}
        try:
            address: str | None = self.services.call("reporting.get_message", actor, asked, deadline=10.0)["address"]
        except NotFound:
            return None
        return None if address == ERASED_ADDRESS else address

    @event_handler(events.SMS_ADDRESSES_REFUSED)
    def archive_sms_refusals(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, payload, "archive_sms_refusals", "sms_gateway")

    @event_handler(events.EMAIL_ADDRESSES_REFUSED)
    def archive_email_refusals(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, payload, "archive_email_refusals", "email_gateway")

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            if first_time(session, "erase_account", payload["event_id"]):
                accounts.erase(session, payload["account_id"])
