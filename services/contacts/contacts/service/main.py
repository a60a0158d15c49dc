"""The service class: every group of entrypoints, and the end of an account."""

from __future__ import annotations

from chassis.inbox import first_time
from chassis.service import Payload, event_handler
from contacts.service.archive import Archive
from contacts.service.audiences import Audiences
from contacts.service.bulk import Bulk
from contacts.service.exports import Exports
from contacts.service.fields import Fields
from contacts.service.files import Files
from contacts.service.forms import Forms
from contacts.service.groups import Groups
from contacts.service.imports import Imports
from contacts.service.jobs import Jobs
from contacts.service.people import People
from contacts.service.privacy import Privacy
from contacts.service.segments import Segments
from contacts.service.sign_ups import SignUps
from contacts.usecases import accounts
from contracts import events


class ContactsService(
    People, Fields, Groups, Segments, Files, Imports, Exports, Archive, Audiences, Privacy, Forms, SignUps, Bulk, Jobs
):
    """People, groups, imports and exports, segments, the archive, audiences, forms and privacy."""

    name = "contacts"

    @event_handler(events.ACCOUNT_ZONE_CHANGED)
    def follow_zone(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            accounts.follow_zone(
                session,
                account_id=payload["account_id"],
                time_zone=payload["time_zone"],
                said_at=payload["occurred_at"],
            )

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            if first_time(session, "erase_account", payload["event_id"]):
                accounts.erase(session, account_id=payload["account_id"])
