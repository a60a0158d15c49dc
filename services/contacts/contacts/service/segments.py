"""Entrypoints about segments and their rules."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import needed, people, segments
from contracts.rpc import Actor


class Segments(Base):
    @rpc
    def list_segments(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_segments", segments.list_segments, actor, payload)

    @rpc
    def create_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_segment", segments.create, actor, payload)

    @rpc
    def get_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_segment", segments.get, actor, payload)

    @rpc
    def update_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_segment", segments.update, actor, payload)

    @rpc
    def delete_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "delete_segment", needed.delete, actor, payload, call=self.services.call, noun=needed.SEGMENT
        )

    @rpc
    def count_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_segment", segments.count, actor, payload)

    @rpc
    def describe_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("describe_rules", segments.describe, actor, payload)

    @rpc
    def list_segment_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_segment_contacts", people.list_segment_contacts, actor, payload)
