"""Entrypoints: sender domains and sender addresses."""

from __future__ import annotations

from typing import Any

from chassis.service import rpc
from contracts import email_gateway as contract
from contracts.rpc import Actor
from contracts.schema import PageQuery, dump, load
from email_gateway import exceptions
from email_gateway.service.base import Base, account_of, after_of, operator_of, page, tell
from email_gateway.store import senders as sender_store
from email_gateway.usecases import senders


class Senders(Base):
    """Who may send for an account."""

    @rpc
    def create_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainCreate, payload)
        made = senders.new_domain(self.tools, account_id=account_of(actor), **request)
        with self.database.transaction() as session:
            found = senders.add_domain(session, made)
            tell(session, actor, "sender_domain.added", found.domain_id, domain=found.domain)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def get_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainQuery, payload)
        with self.database.transaction() as session:
            found = senders.get_domain(session, account_id=account_of(actor), **request)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def list_sender_domains(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        with self.database.transaction() as session:
            found = sender_store.domains(
                session, account_id=account_of(actor), after=after_of(request), limit=request["limit"] + 1
            )
            items = [dump(contract.SenderDomain, senders.domain_json(self.tools, each)) for each in found]
        return page(items, request["limit"])

    @rpc
    def check_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """Look the records up (no transaction is open meanwhile), then keep what was seen."""
        request, account_id = load(contract.SenderDomainQuery, payload), account_of(actor)
        with self.database.transaction() as session:
            before = senders.get_domain(session, account_id=account_id, **request)
            records = senders.records_of(self.tools, before)
        found = senders.look_up(self.tools, records)
        with self.database.transaction() as session:
            checked = senders.record_check(
                session, self.tools, account_id=account_id, found=found, now=self.clock.now(), **request
            )
            if checked.state != before.state:
                tell(session, actor, "sender_domain.verified", checked.domain_id, domain=checked.domain)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, checked))

    @rpc
    def delete_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainQuery, payload)
        with self.database.transaction() as session:
            senders.delete_domain(session, account_id=account_of(actor), **request)
            tell(session, actor, "sender_domain.deleted", request["domain_id"])
        return {}

    @rpc
    def verify_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, operator_id = load(contract.DomainApprovalCall, payload), operator_of(actor)
        with self.database.transaction() as session:
            found = senders.approve_domain(session, operator_id=operator_id, now=self.clock.now(), **request)
            told = {"reason": request["reason"], "account_id": found.account_id, "domain": found.domain}
            tell(session, actor, "sender_domain.approved", found.domain_id, **told)
            return dump(contract.OperatorSenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def list_domains(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.OperatorDomainQuery, payload)
        operator_of(actor)
        with self.database.transaction() as session:
            found = sender_store.all_domains(
                session,
                account_id=request["account_id"],
                state=request["state"],
                after=after_of(request),
                limit=request["limit"] + 1,
            )
            items = [dump(contract.OperatorSenderDomain, senders.domain_json(self.tools, each)) for each in found]
        return page(items, request["limit"])

    @rpc
    def create_sender_address(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderAddressCreate, payload)
        self.ensure_system_domain()
        with self.database.transaction() as session:
            address, code = senders.add_address(
                session, self.tools, account_id=account_of(actor), now=self.clock.now(), **request
            )
            tell(session, actor, "sender_address.added", address.address_id, state=address.state)
            if code is not None:
                variables = {"code": code, "email": address.email}
                self.send_system_mail(session, address.email, "sender_address_code", "pl", variables)
            return dump(contract.SenderAddress, senders.address_json(address))

    @rpc
    def list_sender_addresses(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        with self.database.transaction() as session:
            found = sender_store.addresses(
                session, account_id=account_of(actor), after=after_of(request), limit=request["limit"] + 1
            )
            items = [dump(contract.SenderAddress, senders.address_json(each)) for each in found]
        return page(items, request["limit"])

    @rpc
    def confirm_sender_address(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderAddressConfirmCall, payload)
        with self.database.transaction() as session:
            address, is_right = senders.confirm_address(
                session, account_id=account_of(actor), now=self.clock.now(), **request
            )
            answer, tries_left = dump(contract.SenderAddress, senders.address_json(address)), address.tries_left
            if is_right:
                tell(session, actor, "sender_address.confirmed", address.address_id)
        if not is_right:
            raise exceptions.wrong_code(tries_left)
        return answer

    @rpc
    def check_sender(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderQuery, payload)
        with self.database.transaction() as session:
            authorised = senders.may_send(session, account_id=account_of(actor), **request)
        return dump(contract.SenderChecked, {"authorised": authorised})
