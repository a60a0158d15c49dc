"""Entrypoints: sender domains and sender addresses."""

from __future__ import annotations

from nameko.timer import timer

from chassis.database import Session
from chassis.ids import new_id
from chassis.service import Payload, rpc
from contracts.rpc import Actor
from email_gateway.models import SenderAddress
from email_gateway.service.base import Base
from email_gateway.usecases import sender_addresses as addresses
from email_gateway.usecases import sender_checks, senders, short_link_hosts, system, views

CHECK_SECONDS = 60


class Senders(Base):
    """Who may send for an account."""

    @rpc
    def create_sender_domain(self, actor: Actor, payload: Payload) -> Payload:
        given = {"tools": self.tools, "account": self.account_of(actor)}
        return self.run_in_steps("create_sender_domain", senders.create_sender_domain, actor, payload, **given)

    @rpc
    def get_sender_domain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_sender_domain", senders.get_sender_domain, actor, payload, tools=self.tools)

    @rpc
    def list_sender_domains(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sender_domains", senders.list_sender_domains, actor, payload, tools=self.tools)

    @rpc
    def update_sender_domain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("update_sender_domain", short_link_hosts.update_domain, actor, payload, tools=self.tools)

    @rpc
    def check_sender_domain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("check_sender_domain", senders.check_sender_domain, actor, payload, tools=self.tools)

    @rpc
    def get_sender_domain_dmarc(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("get_sender_domain_dmarc", senders.get_dmarc, actor, payload)

    @rpc
    def rotate_sender_domain_keys(self, actor: Actor, payload: Payload) -> Payload:
        return self.run_in_steps("rotate_sender_domain_keys", senders.rotate_keys, actor, payload, tools=self.tools)

    @rpc
    def delete_sender_domain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_sender_domain", senders.delete_sender_domain, actor, payload, tools=self.tools)

    @rpc
    def verify_domain(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("verify_domain", senders.approve_sender_domain, actor, payload, tools=self.tools)

    @rpc
    def list_domains(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_domains", senders.list_all_sender_domains, actor, payload, tools=self.tools)

    @rpc
    def create_sender_address(self, actor: Actor, payload: Payload) -> Payload:
        """The code that proves the address goes out in the same transaction."""
        call, now = self.calls["create_sender_address"], self.clock.now()
        request = call.load(payload)
        system.ensure_system_domain(self.database, self.tools, now)
        asked = addresses.ask_before_adding(
            self.database, actor=actor, now=now, tools=self.tools, email=request["email"]
        )
        with self.database.transaction() as session:
            address, code = addresses.add_address(
                session, actor=actor, now=now, tools=self.tools, asked=asked, **request
            )
            return call.dump(self._mail_code(session, address, code))

    @rpc
    def send_sender_address_code(self, actor: Actor, payload: Payload) -> Payload:
        """As above."""
        call, now = self.calls["send_sender_address_code"], self.clock.now()
        request = call.load(payload)
        system.ensure_system_domain(self.database, self.tools, now)
        with self.database.transaction() as session:
            address, code = addresses.send_code_again(session, actor=actor, now=now, tools=self.tools, **request)
            return call.dump(self._mail_code(session, address, code))

    def _mail_code(self, session: Session, address: SenderAddress, code: str | None) -> views.View:
        """Mail the code, where there is one; the answer's view of the address."""
        if code is not None:
            variables = {"code": code, "email": address.email}
            mail = {"to": address.email, "template": "sender_address_code", "locale": "pl"}
            system.send(session, self.tools, send_id=new_id(), variables=variables, **mail)
        warning = addresses.warnings_of(session, self.tools, address.account_id, [address]).get(address.email)
        return addresses.shown(address, warning, self.tools)

    @rpc
    def delete_sender_address(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("delete_sender_address", addresses.delete_sender_address, actor, payload, tools=self.tools)

    @rpc
    def list_sender_addresses(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("list_sender_addresses", addresses.list_sender_addresses, actor, payload, tools=self.tools)

    @rpc
    def confirm_sender_address(self, actor: Actor, payload: Payload) -> Payload:
        confirm = addresses.confirm_sender_address
        return self.run_in_steps("confirm_sender_address", confirm, actor, payload, tools=self.tools)

    @rpc
    def check_sender(self, actor: Actor, payload: Payload) -> Payload:
        return self.run("check_sender", senders.check_sender, actor, payload)

    @timer(interval=CHECK_SECONDS)
    def ask_due_policies(self) -> None:
        """What was answered a day ago is asked again; in each instance, which take different ones."""
        addresses.ask_due_policies(self.database, now=self.clock.now(), tools=self.tools)

    @timer(interval=CHECK_SECONDS)
    def forget_codes(self) -> None:
        addresses.forget_codes(self.database, now=self.clock.now())

    @timer(interval=CHECK_SECONDS)
    def check_due_domains(self) -> None:
        """As above, the records of verified domains."""
        sender_checks.check_due_domains(self.database, now=self.clock.now(), tools=self.tools)
