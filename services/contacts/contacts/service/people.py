"""Entrypoints about contacts, their fields and groups."""

from __future__ import annotations

from chassis.service import rpc
from contacts.service.base import Base, Payload
from contacts.usecases import fields, groups, people
from contracts.rpc import Actor


class People(Base):
    @rpc
    def count_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_contacts", people.count, actor, payload)

    @rpc
    def list_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_contacts", people.list_page, actor, payload)

    @rpc
    def find_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("find_contacts", people.find, actor, payload)

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
        return self.run("upsert_contacts", people.upsert_many, actor, payload, terms=self.terms_of(actor))

    @rpc
    def list_fields(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_fields", fields.list_page, actor, payload)

    @rpc
    def create_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_field", fields.create, actor, payload)

    @rpc
    def update_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_field", fields.update, actor, payload)

    @rpc
    def delete_field(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_field", fields.delete, actor, payload)

    @rpc
    def check_fields(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_fields", fields.unknown, actor, payload)

    @rpc
    def list_groups(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_groups", groups.list_page, actor, payload)

    @rpc
    def create_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_group", groups.create, actor, payload)

    @rpc
    def get_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_group", groups.get, actor, payload)

    @rpc
    def update_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_group", groups.update, actor, payload)

    @rpc
    def delete_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_group", groups.delete, actor, payload)

    @rpc
    def add_to_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("add_to_group", groups.add_contacts, actor, payload)

    @rpc
    def remove_from_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("remove_from_group", groups.remove_contacts, actor, payload)
