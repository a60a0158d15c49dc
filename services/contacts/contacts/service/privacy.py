"""Entrypoints about one person: the export of all that is known of them, and their erasure."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import privacy
from contracts.rpc import Actor


class Privacy(Base):
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
