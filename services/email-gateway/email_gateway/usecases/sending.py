"""Sending single e-mails for an account: content, quota and lane; exact and repeatable by request key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from channel import quota_leases
from contracts.errors import Unavailable
from email_gateway import exceptions
from email_gateway.mail.composer import render
from email_gateway.mail.content import Kind, hash_of
from email_gateway.mail.template import TemplateProblem
from email_gateway.store import ledger
from email_gateway.usecases import contents, messages
from email_gateway.usecases.messages import To

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from channel.quota_leases import LeaseKeeper
    from chassis.database import Database

MOST_TURNS = 4
_FIELDS = {"from_email": "from.email", "from_name": "from.name", "content.from_email": "from.email"}


@dataclass(frozen=True)
class Plan:
    """What is to be sent: the prepared content (stored already) and its recipients."""

    account_id: UUID
    content_hash: str
    document: Mapping[str, Any]
    sender: str
    recipients: list[To]
    external_id: str | None = None


def plan_send(session: Session, *, account_id: UUID, request: Mapping[str, Any]) -> Plan:
    """Check sender, content and every recipient's variables.

    :raises Forbidden: the sender is not authorised. :raises Invalid: the content or a recipient cannot be sent.
    """
    content = {
        "from_email": request["from_"]["email"],
        "from_name": request["from_"]["name"],
        **{name: request[name] for name in ("reply_to", "subject", "html", "text", "headers")},
    }
    prepared = contents.prepare_content(
        session, account_id=account_id, sender=None, content=content, kind=Kind.TRANSACTIONAL
    )
    if prepared.document is None:
        raise exceptions.content_problems(
            [
                {"field": _FIELDS.get(found.field, found.field), "code": found.code, "detail": found.detail}
                for found in prepared.problems
            ]
        )
    for number, to in enumerate(request["to"]):
        messages.ensure_storable(to["variables"], f"to.{number}.variables")
        _ensure_renders(prepared.document, to["variables"], f"to.{number}.variables")
    recipients = [To(to["email"], to["name"], to["variables"]) for to in request["to"]]
    return _plan(account_id, prepared.document, recipients, request["external_id"])


def _ensure_renders(document: Mapping[str, Any], variables: Mapping[str, Any], where: str) -> None:
    """:raises Invalid: the texts do not render with these variables."""
    try:
        render(document, variables)
    except TemplateProblem as problem:
        raise exceptions.content_problems(
            [{"field": where, "code": "template.field_missing", "detail": str(problem)}]
        ) from None


def plan_test(
    session: Session, *, account_id: UUID, content_hash: str, addresses: list[str], fields_: dict[str, Any]
) -> Plan:
    """A content that was prepared before, to chosen addresses. Its sender is checked anew when it leaves."""
    document = contents.get_document(session, account_id=account_id, content_hash=content_hash)
    messages.ensure_storable(fields_, "fields")
    return _plan(account_id, document, [To(address, None, fields_) for address in addresses], None)


def _plan(account_id: UUID, document: Mapping[str, Any], recipients: list[To], external_id: str | None) -> Plan:
    return Plan(account_id, hash_of(document), document, str(document["from_email"]), recipients, external_id)


def send(
    database: Database,
    keeper: LeaseKeeper,
    *,
    plan: Plan,
    new_id: Callable[[], UUID],
    request_key: str | None,
) -> list[tuple[UUID, str]]:
    """Spend quota, write the messages down and put them into the lane, all in one transaction.

    The request key stands for one send id, from which the message ids follow: repeated, it finds what it made.

    :raises PlanLimit: the quota does not suffice; nothing is sent then.
    """
    for _ in range(MOST_TURNS):
        with database.transaction() as session:
            accepted = _accepted(session, plan, new_id(), request_key)
            if accepted is not None:
                return accepted
            # The request's key must not stand for a send that is not there.
            session.rollback()
        keeper.extend(plan.account_id, len(plan.recipients))
    raise Unavailable("quota.busy", "The quota is being settled; try again.", {"retry_after": 1})


def _accepted(session: Session, plan: Plan, send_id: UUID, request_key: str | None) -> list[tuple[UUID, str]] | None:
    """The messages, or None where too few units are leased."""
    if request_key:
        send_id, is_new = ledger.send_id_of_request(
            session, account_id=plan.account_id, request_key=request_key, send_id=send_id
        )
        if not is_new:
            return messages.identified(send_id, plan.recipients)
    units = len(plan.recipients)
    if quota_leases.unspent(session, [plan.account_id]).get(plan.account_id, 0) < units:
        return None
    quota_leases.spend(session, {plan.account_id: units})
    messages.accept(
        session,
        account_id=plan.account_id,
        send_id=send_id,
        content_hash=plan.content_hash,
        document=plan.document,
        sender=plan.sender,
        recipients=plan.recipients,
        external_id=plan.external_id,
    )
    return messages.identified(send_id, plan.recipients)
