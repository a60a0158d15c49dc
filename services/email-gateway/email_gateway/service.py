"""The Nameko service: entrypoints only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis import acts, inbox, quota_leases
from chassis.ids import new_id
from chassis.service import Clock, Database, Health, OutboxRelay, QuotaLeases, Services, Session, event_handler, rpc
from contracts import email_gateway as contract
from contracts import events
from contracts.errors import Unauthenticated
from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Actor
from contracts.schema import PageQuery, dump, load
from email_gateway import exceptions
from email_gateway.dependencies import EmailTools
from email_gateway.mail.content import Kind
from email_gateway.store import contents as content_store
from email_gateway.store import ledger
from email_gateway.store import routes as route_store
from email_gateway.store import senders as sender_store
from email_gateway.usecases import contents, messages, privacy, routes, senders, sending, system


class EmailGatewayService:
    """E-mail: sender domains, contents, single messages, mail routes. Sending itself is `email_gateway.sender`'s."""

    name = "email_gateway"

    database = Database("EMAIL_GATEWAY_DATABASE_URL")
    services = Services()
    clock = Clock()
    relay = OutboxRelay()
    leases = QuotaLeases("email")
    health = Health()
    tools = EmailTools()

    # Sender domains

    @rpc
    def create_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainCreate, payload)
        made = senders.new_domain(self.tools, account_id=_account(actor), **request)
        with self.database.transaction() as session:
            found = senders.add_domain(session, made)
            _tell(session, actor, "sender_domain.added", found.domain_id, domain=found.domain)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def get_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainQuery, payload)
        with self.database.transaction() as session:
            found = senders.get_domain(session, account_id=_account(actor), **request)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def list_sender_domains(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        with self.database.transaction() as session:
            found = sender_store.domains(
                session, account_id=_account(actor), after=_after(request), limit=request["limit"]
            )
            items = [dump(contract.SenderDomain, senders.domain_json(self.tools, each)) for each in found]
        return _page(items, request["limit"])

    @rpc
    def check_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """Look the records up (no transaction is open meanwhile), then keep what was seen."""
        request, account_id = load(contract.SenderDomainQuery, payload), _account(actor)
        with self.database.transaction() as session:
            before = senders.get_domain(session, account_id=account_id, **request)
            records = senders.records_of(self.tools, before)
        found = senders.look_up(self.tools, records)
        with self.database.transaction() as session:
            checked = senders.record_check(
                session, self.tools, account_id=account_id, found=found, now=self.clock.now(), **request
            )
            if checked.state != before.state:
                _tell(session, actor, "sender_domain.verified", checked.domain_id, domain=checked.domain)
            return dump(contract.SenderDomain, senders.domain_json(self.tools, checked))

    @rpc
    def delete_sender_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderDomainQuery, payload)
        with self.database.transaction() as session:
            senders.delete_domain(session, account_id=_account(actor), **request)
            _tell(session, actor, "sender_domain.deleted", request["domain_id"])
        return {}

    @rpc
    def verify_domain(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, operator_id = load(contract.DomainApprovalCall, payload), _operator(actor)
        with self.database.transaction() as session:
            found = senders.approve_domain(session, operator_id=operator_id, now=self.clock.now(), **request)
            told = {"reason": request["reason"], "account_id": found.account_id, "domain": found.domain}
            _tell(session, actor, "sender_domain.approved", found.domain_id, **told)
            return dump(contract.OperatorSenderDomain, senders.domain_json(self.tools, found))

    @rpc
    def list_domains(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.OperatorDomainQuery, payload)
        _operator(actor)
        with self.database.transaction() as session:
            found = sender_store.all_domains(
                session,
                account_id=request["account_id"],
                state=request["state"],
                after=_after(request),
                limit=request["limit"],
            )
            items = [dump(contract.OperatorSenderDomain, senders.domain_json(self.tools, each)) for each in found]
        return _page(items, request["limit"])

    # Sender addresses

    @rpc
    def create_sender_address(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderAddressCreate, payload)
        self._ensure_system_domain()
        with self.database.transaction() as session:
            address, code = senders.add_address(
                session, self.tools, account_id=_account(actor), now=self.clock.now(), **request
            )
            _tell(session, actor, "sender_address.added", address.address_id, state=address.state)
            if code is not None:
                variables = {"code": code, "email": address.email}
                self._send_system_mail(session, address.email, "sender_address_code", "pl", variables)
            return dump(contract.SenderAddress, senders.address_json(address))

    @rpc
    def list_sender_addresses(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        with self.database.transaction() as session:
            found = sender_store.addresses(
                session, account_id=_account(actor), after=_after(request), limit=request["limit"]
            )
            items = [dump(contract.SenderAddress, senders.address_json(each)) for each in found]
        return _page(items, request["limit"])

    @rpc
    def confirm_sender_address(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderAddressConfirmCall, payload)
        with self.database.transaction() as session:
            address, is_right = senders.confirm_address(
                session, account_id=_account(actor), now=self.clock.now(), **request
            )
            answer, tries_left = dump(contract.SenderAddress, senders.address_json(address)), address.tries_left
            if is_right:
                _tell(session, actor, "sender_address.confirmed", address.address_id)
        if not is_right:
            raise exceptions.wrong_code(tries_left)
        return answer

    @rpc
    def check_sender(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.SenderQuery, payload)
        with self.database.transaction() as session:
            authorised = senders.may_send(session, account_id=_account(actor), **request)
        return dump(contract.SenderChecked, {"authorised": authorised})

    # Content

    @rpc
    def prepare_content(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.PrepareContent, payload)
        with self.database.transaction() as session:
            prepared = contents.prepare_content(
                session,
                account_id=_account(actor),
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
                account_id=_account(actor),
                content_hash=request["content_hash"],
                fields=request["fields_"],
            )
        return dump(contract.Preview, preview)

    # Single messages

    @rpc
    def send_test(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, account_id = load(contract.SendTest, payload), _account(actor)
        with self.database.transaction() as session:
            plan = sending.plan_test(session, account_id=account_id, **request)
        return dump(contract.AcceptedEmails, self._send(actor, plan))

    @rpc
    def send_messages(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request, account_id = load(contract.EmailSend, payload), _account(actor)
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
            return dump(contract.Email, messages.get_message(session, account_id=_account(actor), **request))

    @event_handler(events.SYSTEM_MAIL_REQUESTED)
    def send_requested_mail(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self._ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_requested_mail", payload["event_id"]):
                locale = "en" if payload["language"].lower().startswith("en") else "pl"
                self._send_system_mail(session, payload["to"], payload["template"], locale, payload["fields"])
        self.relay.poke()

    @event_handler(events.CONFIRMATION_MAIL_REQUESTED)
    def send_confirmation_mail(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self._ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_confirmation_mail", payload["event_id"]):
                system.send_confirmation(session, self.tools, send_id=new_id(), request=payload)
        self.relay.poke()

    @event_handler(events.ACCOUNT_REGISTERED)
    def send_registration_notice(self, payload: dict[str, Any]) -> None:
        """May run twice: the inbox remembers the event in the transaction that writes the mail down."""
        self._ensure_system_domain()
        with self.database.transaction() as session:
            if inbox.first_time(session, "send_registration_notice", payload["event_id"]):
                variables = {name: payload[name] for name in ("account_name", "login")}
                self._send_system_mail(session, payload["email"], "account_registered", "pl", variables)
        self.relay.poke()

    @event_handler(events.PLAN_CHANGED)
    def end_lease(self, payload: dict[str, Any]) -> None:
        """May run twice: then another lease begins, too."""
        with self.database.transaction() as session:
            quota_leases.end(session, payload["account_id"])

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: dict[str, Any]) -> None:
        """May run twice: there is nothing left to erase the second time."""
        account_id: UUID = payload["account_id"]
        with self.database.transaction() as session:
            ledger.erase_account(session, account_id=account_id)
            content_store.erase_account(session, account_id=account_id)
            sender_store.erase_account(session, account_id=account_id)

    def _send_system_mail(self, session: Any, to: str, template: str, locale: str, variables: dict[str, Any]) -> None:
        system.send(session, self.tools, send_id=new_id(), to=to, template=template, locale=locale, variables=variables)

    def _ensure_system_domain(self) -> None:
        with self.database.transaction() as session:
            if system.system_domain(session, self.tools) is not None:
                return
        made = system.new_system_domain(self.tools, self.clock.now())
        with self.database.transaction() as session:
            system.add_system_domain(session, made)

    # Privacy

    @rpc
    def export_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PersonAsked, payload)
        with self.database.transaction() as session:
            return dump(PersonRecords, privacy.export_person(session, account_id=_account(actor), **request))

    @rpc
    def erase_person(self, actor: Actor, payload: dict[str, Any]) -> Any:
        """Twice is harmless: the second time nothing is found."""
        request = load(PersonToErase, payload)
        return dump(PersonForgotten, privacy.erase_person(self.database, account_id=_account(actor), **request))

    # Mail routes

    @rpc
    def create_mail_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.MailRouteCreate, payload)
        _operator(actor)
        with self.database.transaction() as session:
            route = routes.create_route(session, self.tools, request)
            told = {"reason": request["reason"], "pattern": route.pattern, "kind": route.kind}
            _tell(session, actor, "mail_route.created", route.route_id, **told)
            return dump(contract.MailRoute, routes.route_json(route))

    @rpc
    def list_mail_routes(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(PageQuery, payload)
        _operator(actor)
        with self.database.transaction() as session:
            found = route_store.routes(session, after=_after(request), limit=request["limit"])
            items = [dump(contract.MailRoute, routes.route_json(each)) for each in found]
        return _page(items, request["limit"])

    @rpc
    def delete_mail_route(self, actor: Actor, payload: dict[str, Any]) -> Any:
        request = load(contract.MailRouteRemoval, payload)
        _operator(actor)
        with self.database.transaction() as session:
            routes.delete_route(session, route_id=request["route_id"])
            _tell(session, actor, "mail_route.deleted", request["route_id"], reason=request["reason"])
        return {}


def _account(actor: Actor) -> UUID:
    account_id = actor.get("account_id")
    if not account_id:
        raise Unauthenticated("account.missing", "This is asked for on behalf of an account.")
    return UUID(account_id)


def _tell(session: Session, actor: Actor, action: str, target_id: UUID, **more: Any) -> None:
    acts.record(session, events.EMAIL_GATEWAY_ACT, actor, action, target_id=target_id, **more)


def _operator(actor: Actor) -> str:
    operator_id = actor.get("operator_id")
    if not operator_id:
        raise exceptions.operators_only()
    return operator_id


def _after(request: dict[str, Any]) -> UUID | None:
    """The cursor is the id of the last item; ids sort by time. :raises Invalid: it is no id."""
    if not request["cursor"]:
        return None
    try:
        return UUID(request["cursor"])
    except ValueError:
        raise exceptions.bad_cursor() from None


def _page(items: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    return {"items": items, "next_cursor": items[-1]["id"] if len(items) == limit else None}
