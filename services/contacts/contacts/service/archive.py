"""Entrypoints about the archive: addresses that get no more campaigns, by hand and by event."""

from __future__ import annotations

from uuid import UUID

from chassis.service import Payload, event_handler, rpc
from contacts.domain import stop_sources
from contacts.service.base import Base
from contacts.usecases import archive, keywords, stops
from contracts import events
from contracts.errors import NotFound, PlanLimit
from contracts.rpc import Actor
from contracts.vocabulary import ERASED_ADDRESS


class Archive(Base):
    @rpc
    def list_archive(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_archive", archive.list_archive, actor, payload)

    @rpc
    def archive_addresses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("archive_addresses", archive.add, actor, payload)

    @rpc
    def find_archived(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("find_archived", archive.find_archived, actor, payload)

    @rpc
    def restore_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("restore_address", archive.restore, actor, payload)

    @event_handler(events.RECIPIENT_UNSUBSCRIBED)
    def archive_unsubscribed(self, payload: Payload) -> None:
        self._archive_unsubscribed(payload, "archive_unsubscribed")

    @event_handler(events.EMAIL_RECIPIENT_UNSUBSCRIBED)
    def archive_unsubscribed_by_mail(self, payload: Payload) -> None:
        self._archive_unsubscribed(payload, "archive_unsubscribed_by_mail")

    def _archive_unsubscribed(self, payload: Payload, handler: str) -> None:
        with self.database.transaction() as session:
            is_elsewhere = archive.was_written_to_elsewhere(session, event=payload)
        sent_to = self._address_of_message(payload) if is_elsewhere else None
        with self.database.transaction() as session:
            archive.archive_unsubscribed(session, event=payload, sent_to=sent_to, handler=handler)

    def _address_of_message(self, event: Payload) -> str | None:
        """Where the message went, which reporting knows; None where it does not, or the person was erased.

        Where reporting is away the event fails, and is kept among the dead letters rather than lost.
        """
        actor: Actor = {"account_id": str(event["account_id"]), "service": "contacts"}
        message = {"message_id": str(event["message_id"])}
        try:
            known = self.services.call("reporting.get_message", actor, message, deadline=10.0)
        except NotFound:
            return None
        # Who leaves all channels leaves others than the message's, too.
        is_of_channel = known["channel"] == str(event["channel"])
        return known["address"] if is_of_channel and known["address"] != ERASED_ADDRESS else None

    @event_handler(events.SMS_ADDRESSES_REFUSED)
    def archive_sms_refusals(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, event=payload, handler="archive_sms_refusals", source=stop_sources.SMS)

    @event_handler(events.SMS_STOPS_WITHDRAWN)
    def restore_stopped(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            stops.restore_stopped(session, event=payload, source=stop_sources.SMS)

    @event_handler(events.OTT_ADDRESSES_REFUSED)
    def archive_ott_refusals(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, event=payload, handler="archive_ott_refusals", source=stop_sources.OTT)

    @event_handler(events.OTT_STOPS_WITHDRAWN)
    def restore_ott_stopped(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            stops.restore_stopped(session, event=payload, source=stop_sources.OTT)

    @event_handler(events.VIBER_ADDRESSES_REFUSED)
    def archive_viber_refusals(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, event=payload, handler="archive_viber_refusals", source=stop_sources.VIBER)

    @event_handler(events.VIBER_STOPS_WITHDRAWN)
    def restore_viber_stopped(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            stops.restore_stopped(session, event=payload, source=stop_sources.VIBER)

    @event_handler(events.RCS_ADDRESSES_REFUSED)
    def archive_rcs_refusals(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, event=payload, handler="archive_rcs_refusals", source=stop_sources.RCS)

    @event_handler(events.RCS_STOPS_WITHDRAWN)
    def restore_rcs_stopped(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            stops.restore_stopped(session, event=payload, source=stop_sources.RCS)

    @event_handler(events.SMS_KEYWORDS_WRITTEN)
    def add_keyword_writers(self, payload: Payload) -> None:
        limit = self._limit_or_none_more(payload["account_id"])
        with self.database.transaction() as session:
            keywords.add_writers(session, event=payload, now=self.clock.now(), limit=limit)

    def _limit_or_none_more(self, account_id: UUID) -> int | None:
        """Of an account whose plan has ended, no new contact comes; who is one may join a group."""
        try:
            return self.limit_of({"account_id": str(account_id), "service": "contacts"})
        except PlanLimit:
            return 0

    @event_handler(events.EMAIL_ADDRESSES_REFUSED)
    def archive_email_refusals(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            archive.archive_refused(session, event=payload, handler="archive_email_refusals", source="email_gateway")
