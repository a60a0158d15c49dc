"""Single e-mails: POST /v1/emails, a campaign's test, Wici's own mails, and what became of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from channel import protected_names, quota_leases
from channel.single_sends import Raced, TooFewUnits
from chassis import erasures
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import WiciError
from contracts.ids import message_ids
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content.first_render import prepare_apart, render_apart
from email_gateway.content.prepare import Kind, Problem, hash_of
from email_gateway.domain.sends import Plan, To
from email_gateway.store import contents as content_store
from email_gateway.store import messages as store
from email_gateway.usecases import contents, views
from email_gateway.usecases.senders import normalised

TEST_MARK = "[Test]"
_FIELDS = {"from_email": "from.email", "from_name": "from.name", "content.from_email": "from.email"}


def plan_send(database: Database, *, actor: Actor, now: datetime, **request: Any) -> Plan:
    """Check sender, content and every recipient's variables; of a request that is refused no content is kept.

    :raises Forbidden: the sender is not authorised. :raises Invalid: the content or a recipient cannot be sent.
    """
    content = {
        "from_email": request["from_"]["email"],
        "from_name": request["from_"]["name"],
        **{name: request[name] for name in ("reply_to", "subject", "html", "text", "headers", "tracking")},
    }
    contents.ensure_ascii({f"to.{number}.email": to["email"] for number, to in enumerate(request["to"])})
    recipients = [To(to["email"], to["name"], to["variables"]) for to in request["to"]]
    for number, to in enumerate(recipients):
        ensure_storable(to.fields, f"to.{number}.variables")
    account_id = account_of(actor)
    sendable = contents.with_sender(database, account_id=account_id, sender=None, content=content)
    fields = [to.fields for to in recipients]
    prepared, rendered = prepare_apart(sendable, Kind.TRANSACTIONAL, account_id, fields)
    if prepared.document is None:
        raise exceptions.content_problems(
            [
                {"field": _FIELDS.get(found.field, found.field), "code": found.code, "detail": found.detail}
                for found in prepared.problems
            ]
        )
    for number, each in enumerate(rendered):
        if isinstance(each, str):
            raise exceptions.content_problems(
                [{"field": f"to.{number}.variables", "code": "template.field_missing", "detail": each}]
            )
    return _plan(actor, prepared.document, _once_each(recipients), request["external_id"])


def plan_test(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, addresses: list[str], fields_: dict[str, Any]
) -> Plan:
    """A content that was prepared before, to chosen addresses, with a subject that says so.

    Its sender is checked again when it leaves.

    :raises Invalid: with these fields it cannot be rendered.
    """
    account_id = account_of(actor)
    ensure_storable(fields_, "fields")
    with database.transaction() as session:
        document = contents.get_document(session, account_id=account_id, content_hash=content_hash)
    rendered = render_apart(document, fields_, account_id)
    if isinstance(rendered, Problem):
        raise exceptions.content_problems([{"field": "fields", "code": rendered.code, "detail": rendered.detail}])
    marked = {**document, "subject": f"{TEST_MARK} {document['subject']}"}
    return _plan(actor, marked, _once_each([To(address, None, fields_) for address in addresses]), None)


def _once_each(recipients: Sequence[To]) -> list[To]:
    """The first of each mailbox: `Jan@Sklep.PL` and `jan@sklep.pl` are one, as every large receiver has it."""
    by_mailbox: dict[str, To] = {}
    for to in recipients:
        by_mailbox.setdefault(normalised(to.address).casefold(), to)
    return list(by_mailbox.values())


def _plan(actor: Actor, document: Mapping[str, Any], recipients: list[To], external_id: str | None) -> Plan:
    return Plan(
        account_id=account_of(actor),
        content_hash=hash_of(document),
        document=document,
        sender=str(document["from_email"]),
        recipients=recipients,
        external_id=external_id,
        request_key=actor.get("request_key"),
        trace_id=str(actor.get("request_id") or ""),
    )


def ensure_storable(fields: dict[str, Any], where: str) -> None:
    """:raises Invalid: a value holds a NUL character, which PostgreSQL cannot keep."""
    if b"\\u0000" in orjson.dumps(fields):
        raise exceptions.content_problems(
            [{"field": where, "code": "text.nul_character", "detail": "NUL is not a character."}]
        )


def store_sends(session: Session, plans: Sequence[Plan]) -> list[dict[str, Any] | WiciError | TooFewUnits]:
    """Put sends on disk and on their way, once for each request key, within the units that are leased.

    :returns: for each plan its messages, why it cannot be sent, or what is missing for it. :raises Raced: see there.
    """
    made = store.made_before(session, {(plan.account_id, plan.request_key) for plan in plans if plan.request_key})
    leased = quota_leases.leased(session, {plan.account_id for plan in plans})
    answers: list[dict[str, Any] | WiciError | TooFewUnits] = []
    new: dict[UUID, Plan] = {}
    for plan in plans:
        units, lease, key = len(plan.recipients), leased[plan.account_id], (plan.account_id, plan.request_key or "")
        if key in made:
            answers.append(_accepted(made[key], plan))
        elif units > lease.unspent:
            answers.append(TooFewUnits(plan.account_id, units, lease.unspent))
        elif refusal := _refusal_of(lease, plan):
            answers.append(refusal)
        else:
            lease.unspent -= units
            send_id = new_id()
            new[send_id] = plan
            answers.append(_accepted(send_id, plan))
            if plan.request_key:
                made[key] = send_id
    if new:
        _start(session, new)
    return answers


def _refusal_of(lease: quota_leases.Leased, plan: Plan) -> WiciError | None:
    """What the terms of the account's lease say against the send: on trial it reaches few, and bears no bank's name."""
    if lease.only_to is not None and protected_names.is_protected(plan.from_name):
        return exceptions.name_protected("from.name")
    return lease.refuses(to.address for to in plan.recipients)


def _start(session: Session, plans: Mapping[UUID, Plan]) -> None:
    spent: Counter[UUID] = Counter()
    for send_id, plan in plans.items():
        if plan.request_key and not store.keep_request(session, plan.account_id, plan.request_key, send_id):
            raise Raced
        spent[plan.account_id] += len(plan.recipients)
    quota_leases.spend(session, spent)
    for send_id, plan in plans.items():
        accept(session, send_id=send_id, plan=plan)


def accept(session: Session, *, send_id: UUID, plan: Plan) -> None:
    """Write the messages down and put them into the transactional lane, in the session's transaction.

    Their ids follow from the send id, so that doing it twice with the same id does it once. The content is kept again
    where an erasure has let it go since it was prepared.
    """
    erasures.share(session)
    content_store.ensure(session, content_hash=plan.content_hash, account_id=plan.account_id, document=plan.document)
    store.add(session, send_id, plan)


def _accepted(send_id: UUID, plan: Plan) -> dict[str, Any]:
    of = message_ids(send_id)
    return {
        "messages": [{"id": str(of(number)), "to": to.address} for number, to in enumerate(plan.recipients, start=1)]
    }


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> views.View:
    row = store.message(session, account_id=account_of(actor), message_id=message_id)
    if row is None:
        raise exceptions.message_not_found()
    return views.email(row)
