"""One person in the message log."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from reporting.service.base import ReportingEntrypoints
from reporting.usecases import privacy


class Privacy(ReportingEntrypoints):
    @rpc
    def export_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("export_person", privacy.export_person, actor, payload)

    @rpc
    def erase_person(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("erase_person", privacy.erase_person, actor, payload)
