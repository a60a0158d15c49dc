"""Entrypoints about segments, combining groups, exports and privacy."""

from __future__ import annotations

from chassis.service import rpc
from contacts.service.base import Base, Payload
from contacts.usecases import combine, exports, people, privacy, segments
from contracts.rpc import Actor


class Selections(Base):
    @rpc
    def list_segments(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_segments", segments.list_page, actor, payload)

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
        return self.run("delete_segment", segments.delete, actor, payload)

    @rpc
    def count_segment(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_segment", segments.count, actor, payload)

    @rpc
    def describe_rules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("describe_rules", segments.describe, actor, payload)

    @rpc
    def list_segment_contacts(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_segment_contacts", people.of_segment, actor, payload)

    @rpc
    def combine_groups(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("combine_groups", combine.run, actor, payload)

    @rpc
    def create_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_export", exports.create, actor, payload)

    @rpc
    def get_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_export", exports.get, actor, payload)

    @rpc
    def create_person_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_person_export", privacy.request_export, actor, payload)

    @rpc
    def get_person_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_person_export", privacy.get_export, actor, payload)

    @rpc
    def create_erasure(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_erasure", privacy.erase, actor, payload)

    @rpc
    def get_erasure(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_erasure", privacy.get_erasure, actor, payload)
