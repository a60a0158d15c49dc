"""Reports that come by mail."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from reporting.service.base import ReportingEntrypoints
from reporting.usecases import schedules


class Schedules(ReportingEntrypoints):
    @rpc
    def create_report_schedule(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "create_report_schedule", schedules.create_report_schedule, actor, payload, call=self.services.call
        )

    @rpc
    def list_report_schedules(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_report_schedules", schedules.list_report_schedules, actor, payload)

    @rpc
    def delete_report_schedule(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_report_schedule", schedules.delete_report_schedule, actor, payload)
