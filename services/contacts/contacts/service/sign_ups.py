"""Entrypoints about sign-ups, on behalf of nobody: a stranger with a form, or with the link of a mail."""

from __future__ import annotations

from chassis.service import Payload, rpc
from contacts.service.base import Base
from contacts.usecases import confirmations, sign_ups
from contracts.rpc import Actor


class SignUps(Base):
    @rpc
    def describe_form(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("describe_form", sign_ups.describe, actor, payload)

    @rpc
    def submit_form(self, actor: Actor, payload: Payload) -> Payload:
        form_id = self.calls["submit_form"].load(payload)["form_id"]
        with self.database.reading() as session:
            account_id = sign_ups.account_of_form(session, form_id=form_id)
        only_to = self.only_to_of(account_id)
        return self.run("submit_form", sign_ups.submit, actor, payload, only_to=only_to)

    @rpc
    def get_confirmation(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_confirmation", confirmations.look, actor, payload)

    @rpc
    def confirm_submission(self, actor: Actor, payload: Payload) -> Payload:
        token = self.calls["confirm_submission"].load(payload)["token"]
        with self.database.transaction() as session:
            account_id = confirmations.account_of_link(session, token=token)
        limit = self.limit_of({**actor, "account_id": str(account_id), "service": "contacts"})
        return self.run("confirm_submission", confirmations.confirm, actor, payload, account_id=account_id, limit=limit)
