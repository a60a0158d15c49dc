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


class ContactsService(People, Lists, Selections, Forms):
    """People, groups, imports and exports, segments, the archive, audiences, forms and privacy."""

    name = "contacts"

    @event_handler(events.RECIPIENT_UNSUBSCRIBED)
    def archive_unsubscribed(self, payload: dict[str, Any]) -> None:
        with self.database.transaction() as session:
            archive.archive_unsubscribed(session, payload)

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
