"""Calls about plans, past usage and invoices."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from chassis.service import rpc
from contracts import identity as contract
from contracts.rpc import Actor
from contracts.schema import load
from identity.dependencies import Invoicing, Printing
from identity.service.calls import Calls, Payload, answer, request_of
from identity.usecases import invoice_views, invoices, plans


class BillingCalls(Calls):
    """Plans, past usage, invoices."""

    issuer = Invoicing()
    printer = Printing()

    @rpc
    def list_plans(self, actor: Actor, payload: Payload) -> Payload:
        return self._read("list_plans", plans.list_listed, payload)

    @rpc
    def list_all_plans(self, actor: Actor, payload: Payload) -> Payload:
        return self._timeless("list_all_plans", plans.list_all, actor, payload)

    @rpc
    def create_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("create_plan", plans.create, actor, payload)

    @rpc
    def update_plan(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("update_plan", plans.change, actor, payload)

    @rpc
    def list_past_usage(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("list_past_usage", plans.past_usage, actor, payload)

    @rpc
    def list_invoices(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("list_invoices", invoice_views.list_own, actor, payload)

    @rpc
    def list_all_invoices(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("list_all_invoices", invoice_views.list_all, actor, payload)

    @rpc
    def get_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("get_invoice", invoice_views.get, actor, payload)

    @rpc
    def print_invoice(self, actor: Actor, payload: Payload) -> Payload:
        request = contract.RPC["print_invoice"].load(payload)
        with self.database.transaction() as session:
            shown, duplicate_on = invoice_views.to_print(session, actor, self.clock.now(), **request)
        paper = self.printer.invoice(shown, duplicate_on)
        name = invoice_views.file_name(shown, duplicate_on)
        return answer("print_invoice", {"filename": name, "content": b64encode(paper).decode()})

    @rpc
    def issue_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self._issuing("issue_invoice", invoices.issue, actor, payload)

    @rpc
    def correct_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self._issuing("correct_invoice", invoices.correct, actor, payload)

    @rpc
    def mark_invoice_paid(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("mark_invoice_paid", invoices.mark_paid, actor, payload)

    @rpc
    def cancel_invoice(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("cancel_invoice", invoices.cancel, actor, payload)

    @rpc
    def issue_invoice_duplicate(self, actor: Actor, payload: Payload) -> Payload:
        return self._change("issue_invoice_duplicate", invoices.issue_duplicate, actor, payload)

    def _issuing(self, call: str, use_case: Callable[..., Any], actor: Actor, payload: Payload) -> Payload:
        """Use cases that take the next number of a series."""
        request = load(request_of(call), payload)
        with self.database.transaction() as session:
            return answer(call, use_case(session, self.issuer, actor, self.clock.now(), **request))
