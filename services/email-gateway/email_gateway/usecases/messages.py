"""Single e-mails: POST /v1/emails, a campaign's test, Wici's own mails, and what became of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from channel import protected_names, quota_leases
from channel.single_sends import Raced, TooFewUnits
from chassis import erasures
from chassis.actors import account_of, submitter_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.email_gateway.messages import SCHEDULE_MAX_DAYS
from contracts.errors import WiciError
from contracts.ids import message_ids
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.content.first_render import prepare_apart, render_apart
from email_gateway.content.prepare import Kind, Problem, hash_of
from email_gateway.domain.sends import Plan, To
from email_gateway.store import blobs as blob_store
from email_gateway.store import contents as content_store
from email_gateway.store import messages as store
from email_gateway.store import signing
from email_gateway.usecases import attachments, contents, views
from email_gateway.usecases.senders import normalised

SCHEDULE_MOST = timedelta(days=SCHEDULE_MAX_DAYS)
Template = Callable[[UUID], Mapping[str, Any]]
TEST_MARK = "[Test]"
_OF_TEMPLATES = ("subject", "preheader", "mjml", "html", "inline_css", "text", "tracking")
_FIELDS = {"from_email": "from.email", "from_name": "from.name", "content.from_email": "from.email"}


def plan_send(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    template: Template,
    may_attach: Callable[[], bool],
    **request: Any,
) -> Plan:
    """Check sender, content and every recipient's variables; of a request that is refused no content is kept.

    :param template: the content of a stored template, by its id. :param may_attach: whether the plan has attachments.
    :raises Forbidden: the sender is not authorised. :raises Invalid: the content or a recipient cannot be sent.
    :raises NotFound: there is no such template. :raises PlanLimit: the plan has no attachments.
    """
    _ensure_schedule(request["schedule_at"], now)
    account_id = account_of(actor)
    recipients = _recipients(request)
    files = attachments.read(request["attachments"], may_attach)
    sendable = contents.with_sender(None, _content(request, template))
    prepared, rendered = prepare_apart(sendable, Kind.TRANSACTIONAL, account_id, [to.fields for to in recipients])
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
    recipients = [
        replace(to, subject=str(shown["subject"])) for to, shown in zip(recipients, rendered, strict=True)
        if not isinstance(shown, str)
    ]  # fmt: skip
    document, blobs = attachments.with_files(_with_copies(prepared.document, request), files)
    plan = _plan(actor, document, _once_each(recipients), request["external_id"])
    return replace(
        plan, tags=request["tags"], schedule_at=request["schedule_at"], blobs=blobs,
        webhook_url=request.get("webhook_url"),
    )  # fmt: skip


def _content(request: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """What is said, of the request itself or of the stored template that it names, and who says it."""
    names = ("reply_to", "subject", "html", "text", "headers", "tracking")
    content = {name: request[name] for name in names}
    if request["template_id"] is not None:
        stored = template(request["template_id"])
        kept = {name: stored[name] for name in _OF_TEMPLATES if name in stored}
        content |= {name: value for name, value in kept.items() if not content.get(name)}
    return {**content, "from_email": request["from_"]["email"], "from_name": request["from_"]["name"]}


def _recipients(request: Mapping[str, Any]) -> list[To]:
    """Who gets a message: with copies, of the same words as the one recipient's.

    :raises Invalid: an address that nobody could be sent to, or a variable that cannot be kept.
    """
    everybody = [(f"{name}.{number}", one) for name in ("to", "cc", "bcc") for number, one in enumerate(request[name])]
    contents.ensure_ascii({f"{where}.email": one["email"] for where, one in everybody})
    first = request["to"][0]["variables"]
    recipients = []
    for where, one in everybody:
        fields = {**request["variables"], **one.get("variables", first)}
        ensure_storable(fields, f"{where}.variables")
        recipients.append(To(one["email"], one["name"], fields))
    return recipients


def _with_copies(document: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the To and Cc that all copies bear, where there are any."""
    if not request["cc"] and not request["bcc"]:
        return document
    to, *cc = [{"email": normalised(one["email"]), "name": one["name"]} for one in (*request["to"], *request["cc"])]
    return {**document, "to": to, "cc": cc}


def _ensure_schedule(at: datetime | None, now: datetime) -> None:
    if at is not None and not timedelta() <= at - now <= SCHEDULE_MOST:
        detail = f"The time must lie between now and {SCHEDULE_MOST.days} days ahead."
        raise exceptions.content_problems([{"field": "schedule_at", "code": "schedule.invalid", "detail": detail}])


def plan_test(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content_hash: str,
    addresses: list[str],
    fields_: dict[str, Any],
    campaign_id: UUID | None,
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
    plan = _plan(actor, marked, _once_each([To(address, None, fields_) for address in addresses]), None)
    return replace(plan, test_of=str(campaign_id) if campaign_id else None)


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
        submitter_id=submitter_of(actor),
    )


def ensure_storable(fields: dict[str, Any], where: str) -> None:
    """:raises Invalid: a value holds a NUL character, which PostgreSQL cannot keep."""
    if b"\\u0000" in orjson.dumps(fields):
        raise exceptions.content_problems(
            [{"field": where, "code": "text.nul_character", "detail": "NUL is not a character."}]
        )


def store_requests(session: Session, plans: Sequence[Plan]) -> list[dict[str, Any] | WiciError | TooFewUnits]:
    """`store_sends`, of senders who may send at this moment."""
    standings = signing.standings(session, {(plan.account_id, plan.sender) for plan in plans})
    refusals = [contents.refusal_of(standings[plan.account_id, plan.sender], "content.from_email") for plan in plans]
    allowed = [plan for plan, refusal in zip(plans, refusals, strict=True) if refusal is None]
    stored = iter(store_sends(session, allowed) if allowed else ())
    return [refusal or next(stored) for refusal in refusals]


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
    if not store.keep_requests(
        session, [(plan.account_id, plan.request_key, send_id) for send_id, plan in plans.items() if plan.request_key]
    ):
        raise Raced
    spent: Counter[UUID] = Counter()
    for plan in plans.values():
        spent[plan.account_id] += len(plan.recipients)
    quota_leases.spend(session, spent)
    _accept(session, plans)


def accept(session: Session, *, send_id: UUID, plan: Plan) -> None:
    """Write the messages down and put them into the transactional lane, in the session's transaction.

    Their ids follow from the send id, so that doing it twice with the same id does it once. The content is kept again
    where an erasure has let it go since it was prepared.
    """
    _accept(session, {send_id: plan})


def _accept(session: Session, plans: Mapping[UUID, Plan]) -> None:
    """With one statement of a kind, however many sends there are."""
    erasures.share(session)
    now = datetime.now(UTC)
    until = {send_id: (plan.schedule_at or now) + blob_store.KEPT for send_id, plan in plans.items()}
    for is_unique, keep_contents, keep_blobs in (
        (True, content_store.add, blob_store.add),
        (False, content_store.ensure, blob_store.keep),
    ):
        some = [(until[send_id], plan) for send_id, plan in plans.items() if plan.is_unique is is_unique]
        keep_contents(session, [(plan.content_hash, plan.account_id, plan.document, end) for end, plan in some])
        keep_blobs(
            session,
            [(plan.account_id, digest, octets, end) for end, plan in some for digest, octets in plan.blobs.items()],
        )
    store.add(session, plans)


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
