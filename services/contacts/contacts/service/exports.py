"""Entrypoints about exports."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import exports
from contracts.rpc import Actor


class Exports(Base):
    @rpc
    def create_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_export", exports.create, actor, payload)

    @rpc
    def get_export(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_export", exports.get, actor, payload)
