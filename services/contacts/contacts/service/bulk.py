"""Entrypoints about acts on many contacts."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import bulk
from contracts.rpc import Actor


class Bulk(Base):
    @rpc
    def create_bulk(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("create_bulk", bulk.create, actor, payload)

    @rpc
    def begin_report_archive(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("begin_report_archive", bulk.begin_report_archive, actor, payload)

    @rpc
    def get_bulk(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_bulk", bulk.get, actor, payload)

    @rpc
    def cancel_bulk(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_bulk", bulk.cancel, actor, payload)
