"""Reports of campaigns, their recipients and their file; statistics of accounts, and their traffic for operators."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from reporting.dependencies import PrinterProvider
from reporting.service.base import ReportingEntrypoints
from reporting.usecases import files, papers, recipients, reports, statistics, traffic, variants


class Reports(ReportingEntrypoints):
    printer = PrinterProvider()

    @rpc
    def get_report(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("get_report", reports.get_report, actor, payload, call=self.services.call)

    @rpc
    def list_rates(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_rates", reports.list_rates, actor, payload)

    @rpc
    def compare_reports(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("compare_reports", reports.compare_reports, actor, payload)

    @rpc
    def get_report_links(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("get_report_links", reports.get_report_links, actor, payload, call=self.services.call)

    @rpc
    def get_report_timeline(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "get_report_timeline", reports.get_report_timeline, actor, payload, call=self.services.call
        )

    @rpc
    def count_variants(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("count_variants", variants.count_variants, actor, payload)

    @rpc
    def list_report_recipients(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_report_recipients", recipients.list_report_recipients, actor, payload)

    @rpc
    def export_report(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("export_report", files.export_report, actor, payload)

    @rpc
    def print_report(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "print_report", papers.print_report, actor, payload, call=self.services.call, printer=self.printer
        )

    @rpc
    def create_report_group(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "create_report_group", recipients.create_report_group, actor, payload, call=self.services.call
        )

    @rpc
    def archive_report_recipients(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps(
            "archive_report_recipients", recipients.archive_report_recipients, actor, payload, call=self.services.call
        )

    @rpc
    def get_statistics(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("get_statistics", statistics.get_statistics, actor, payload, call=self.services.call)

    @rpc
    def list_traffic(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_traffic", traffic.list_traffic, actor, payload)
