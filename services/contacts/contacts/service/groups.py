"""Entrypoints about groups, their members, and groups made of groups."""

from __future__ import annotations

from chassis.service import Payload, event_handler, rpc
from contacts.service.base import Base
from contacts.usecases import combinations, groups, leaving, needed
from contracts import events
from contracts.rpc import Actor


class Groups(Base):
    @rpc
    def list_groups(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_groups", groups.list_groups, actor, payload)

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
        return self.run_in_steps(
            "delete_group", needed.delete, actor, payload, call=self.services.call, noun=needed.GROUP
        )

    @rpc
    def add_to_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("add_to_group", groups.add_contacts, actor, payload)

    @rpc
    def remove_from_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("remove_from_group", groups.remove_contacts, actor, payload)

    @event_handler(events.RECIPIENT_LEFT_LISTS)
    def leave_lists(self, payload: Payload) -> None:
        with self.database.transaction() as session:
            leaving.leave_lists(session, event=payload)

    @rpc
    def combine_groups(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("combine_groups", combinations.create, actor, payload)

    @rpc
    def begin_report_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_report_group", combinations.begin_report_group, actor, payload)

    @rpc
    def get_combination(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_combination", combinations.get, actor, payload)

    @rpc
    def cancel_combination(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_combination", combinations.cancel, actor, payload)
