"""Entrypoints: contents, single messages, and what is known of a person."""

from __future__ import annotations

from typing import Any

from chassis.ids import new_id
from chassis.service import rpc
from contracts import email_gateway as contract
from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Actor
from contracts.schema import dump, load
from email_gateway.mail.content import Kind
from email_gateway.service.base import Base, account_of
from email_gateway.usecases import contents, messages, privacy, sending


class Messages(Base):
    """What is sent, and to whom it was."""

    @rpc
    def prepare_content(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.PrepareContent, payload)
        with self.database.transaction() as session:
            prepared = contents.prepare_content(
                session,
                account_id=account_of(actor),
                sender=request["sender"],
                content=request["content"],
                kind=Kind(request["kind"]),
            )
        return dump(contract.PreparedContent, contents.prepared_json(prepared))

    @rpc
    def render_preview(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.RenderPreview, payload)
        with self.database.transaction() as session:
            preview = contents.render_preview(
                session,
                account_id=account_of(actor),
                content_hash=request["content_hash"],
                fields=request["fields_"],
            )
        return dump(contract.Preview, preview)

    @rpc
    def send_test(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, account_id = load(contract.SendTest, payload), account_of(actor)
        with self.database.transaction() as session:
            plan = sending.plan_test(session, account_id=account_id, **request)
        return dump(contract.AcceptedEmails, self._send(actor, plan))

    @rpc
    def send_messages(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, account_id = load(contract.EmailSend, payload), account_of(actor)
        with self.database.transaction() as session:
            plan = sending.plan_send(session, account_id=account_id, request=request)
        return dump(contract.AcceptedEmails, self._send(actor, plan))

    def _send(self, actor: Actor, plan: sending.Plan) -> dict[str, Any]:
        accepted = sending.send(
            self.database,
            self.leases,
            plan=plan,
            new_id=new_id,
            request_key=actor.get("request_key"),
        )
        self.relay.poke()
        return {"messages": [{"id": message_id, "to": address} for message_id, address in accepted]}

    @rpc
    def get_message(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.EmailQuery, payload)
        with self.database.transaction() as session:
            return dump(contract.Email, messages.get_message(session, account_id=account_of(actor), **request))

    @rpc
    def export_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PersonAsked, payload)
        with self.database.transaction() as session:
            return dump(PersonRecords, privacy.export_person(session, account_id=account_of(actor), **request))

    @rpc
    def erase_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """Twice is harmless: the second time nothing is found."""
        request = load(PersonToErase, payload)
        return dump(PersonForgotten, privacy.erase_person(self.database, account_id=account_of(actor), **request))
