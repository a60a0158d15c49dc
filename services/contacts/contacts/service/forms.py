"""Entrypoints about sign-up forms, their confirmation, and the history of consents."""

from __future__ import annotations

from chassis.service import rpc
from contacts.service.base import Base, Payload
from contacts.usecases import forms, sign_ups
from contacts.usecases.forms import Owner
from contacts.usecases.terms import Terms
from contracts.contacts import RPC
from contracts.rpc import Actor


class Forms(Base):
    @rpc
    def list_forms(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_forms", forms.list_page, actor, payload)

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

    @rpc
    def list_consents(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_consents", forms.list_consents, actor, payload)

    # Asked on behalf of nobody: a stranger with a form, or with the link of a mail.

    @rpc
    def describe_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("describe_form", forms.describe, actor, payload)

    @rpc
    def submit_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("submit_form", sign_ups.submit, actor, payload)

    @rpc
    def get_confirmation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_confirmation", sign_ups.look, actor, payload)

    @rpc
    def confirm_submission(self, actor: Actor, payload: Payload) -> Payload:
        token = RPC["confirm_submission"].load(payload)["token"]
        with self.database.transaction() as session:
            account_id = sign_ups.account_of_link(session, token)
        limit = self.limit_of({**actor, "account_id": str(account_id), "service": "contacts"})
        return self.run("confirm_submission", sign_ups.confirm, actor, payload, account_id=account_id, limit=limit)

    def _owner_of(self, name: str, actor: Actor, payload: Payload) -> Owner:
        request = RPC[name].load(payload)
        account = self.services.call("identity.get_account", actor, {}, deadline=5.0)
        terms = Terms(limit=self.limit_of(actor), region=account.get("default_region") or "PL")
        sender, may_send = request.get("sender"), True
        if sender is not None:
            asked = {"email": sender["email"]}
            may_send = self.services.call("email_gateway.check_sender", actor, asked, deadline=5.0)["authorised"]
        return Owner(terms=terms, name=account.get("name") or "", may_send=bool(may_send))
