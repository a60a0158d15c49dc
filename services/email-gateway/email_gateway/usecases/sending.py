"""Sending single e-mails for an account: content, quota, then the lane; exact and repeatable by request key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.errors import WiciError
from email_gateway import exceptions
from email_gateway.mail.composer import render
from email_gateway.mail.content import Kind, hash_of
from email_gateway.mail.template import TemplateProblem
from email_gateway.store import ledger
from email_gateway.usecases import contents, messages
from email_gateway.usecases.messages import To

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from chassis.database import Database
    from contracts.rpc import Actor

QUOTA_SECONDS = 5.0
_FIELDS = {"from_email": "from.email", "from_name": "from.name", "content.from_email": "from.email"}


@dataclass(frozen=True)
class Plan:
    """What is to be sent: the prepared content (stored already) and its recipients."""

    account_id: UUID
    content_hash: str
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
    return Plan(account_id, hash_of(document), str(document["from_email"]), recipients, external_id)


def send(
    database: Database,
    call: Callable[..., Any],
    *,
    actor: Actor,
    plan: Plan,
    new_id: Callable[[], UUID],
    request_key: str | None,
) -> list[tuple[UUID, str]]:
    """Reserve quota, write the messages down and put them into the lane, count the quota as used.

    Every step may be repeated: the request key stands for one send id, from which quota reservation and message ids
    follow. A crash between the steps leaves a reservation that the repetition takes up again.

    :raises PlanLimit: the quota does not suffice; nothing is sent then.
    """
    send_id = new_id()
    if request_key:
        with database.transaction() as session:
            send_id, _ = ledger.send_id_of_request(
                session, account_id=plan.account_id, request_key=request_key, send_id=send_id
            )
    reservation = {"reservation_id": str(send_id)}
    amount = len(plan.recipients)
    call("identity.reserve_quota", actor, {**reservation, "feature": "email", "amount": amount}, deadline=QUOTA_SECONDS)
    with database.transaction() as session:
        accepted = messages.accept(
            session,
            account_id=plan.account_id,
            send_id=send_id,
            content_hash=plan.content_hash,
            sender=plan.sender,
            recipients=plan.recipients,
            external_id=plan.external_id,
        )
    try:
        call("identity.use_quota", actor, {**reservation, "amount": amount}, deadline=QUOTA_SECONDS)
    except WiciError:
        pass  # The mails are on their way: an error would have them sent again. What is reserved counts alike.
    return accepted
