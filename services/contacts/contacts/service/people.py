"""Entrypoints about contacts, and the history of their consents."""

from __future__ import annotations

from typing import Any

from chassis.service import Payload, event_handler, rpc
from contacts.service.base import Base
from contacts.usecases import consents, devices, growth, people, upserts, viber
from contracts import events
from contracts.rpc import Actor


class People(Base):
    @rpc
    def count_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_contacts", people.count, actor, payload)

    @rpc
    def count_growth(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_growth", growth.count_growth, actor, payload)

    @rpc
    def list_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_contacts", people.list_contacts, actor, payload)

    @rpc
    def find_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("find_contacts", people.find_contacts, actor, payload)

    @rpc
    def create_contact(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_contact", people.create, actor, payload, terms=self.terms_of(actor))

    @rpc
    def get_contact(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_contact", people.get, actor, payload)

    @rpc
    def update_contact(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_contact", people.update, actor, payload)

    @rpc
    def delete_contact(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_contact", people.delete, actor, payload)

    @rpc
    def upsert_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("upsert_contacts", upserts.upsert_many, actor, payload, terms=self.terms_of(actor))

    @rpc
    def list_consents(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_consents", consents.list_consents, actor, payload)

    @rpc
    def note_device(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("note_device", devices.note_device, actor, payload)

    @event_handler(events.PUSH_DEVICES_GONE)
    def forget_devices(self, payload: Payload) -> None:
        """May run twice: the second time nobody has the addresses."""
        gone: dict[str, Any] = {"account_id": payload["account_id"], "addresses": payload["addresses"]}
        with self.database.transaction() as session:
            devices.forget_devices(session, **gone, at=payload["occurred_at"])

    @event_handler(events.VIBER_REACH_CHANGED)
    def note_viber_reach(self, payload: Payload) -> None:
        """May run twice or late: of two events the later one says what is."""
        changed = {"account_id": payload["account_id"], "people": payload["people"]}
        with self.database.transaction() as session:
            viber.note_reach(session, **changed, at=payload["occurred_at"])
