"""Entrypoints about sign-up forms, and what was submitted through them."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import forms
from contacts.usecases.forms import Owner
from contracts.rpc import Actor


class Forms(Base):
    @rpc
    def list_forms(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_forms", forms.list_forms, actor, payload)

    @rpc
    def create_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run(
            "create_form", forms.create, actor, payload, owner=self._owner_of("create_form", actor, payload)
        )

    @rpc
    def get_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_form", forms.get, actor, payload)

    @rpc
    def update_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run(
            "update_form", forms.update, actor, payload, owner=self._owner_of("update_form", actor, payload)
        )

    @rpc
    def delete_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_form", forms.delete, actor, payload)

    @rpc
    def list_submissions(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_submissions", forms.list_submissions, actor, payload)

    def _owner_of(self, call: str, actor: Actor, payload: Payload) -> Owner:
        sender = self.calls[call].load(payload).get("sender")
        may_send = True
        if sender is not None:
            address = {"email": sender["email"]}
            may_send = self.services.call("email_gateway.check_sender", actor, address, deadline=5.0)["authorised"]
        return Owner(terms=self.terms_of(actor), may_send=bool(may_send))
