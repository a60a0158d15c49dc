"""Invoices: issued, marked, read and printed."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contracts.rpc import Actor
from identity.dependencies import Invoicing, Printing
from identity.service.base import IdentityEntrypoints
from identity.usecases import invoices, issuing


class InvoiceCalls(IdentityEntrypoints):
    """Invoices."""

    issuer = Invoicing()
    printer = Printing()

    @rpc
    def list_invoices(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_invoices", invoices.list_invoices, actor, payload)

    @rpc
    def list_all_invoices(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_all_invoices", invoices.list_all_invoices, actor, payload)

    @rpc
    def get_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_invoice", invoices.get, actor, payload)

    @rpc
    def print_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("print_invoice", invoices.print_invoice, actor, payload, printer=self.printer)

    @rpc
    def issue_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("issue_invoice", issuing.issue, actor, payload, issuer=self.issuer)

    @rpc
    def correct_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("correct_invoice", issuing.correct, actor, payload, issuer=self.issuer)

    @rpc
    def mark_invoice_paid(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("mark_invoice_paid", invoices.mark_paid, actor, payload)

    @rpc
    def cancel_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("cancel_invoice", invoices.cancel, actor, payload)

    @rpc
    def issue_invoice_duplicate(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("issue_invoice_duplicate", invoices.issue_duplicate, actor, payload)
