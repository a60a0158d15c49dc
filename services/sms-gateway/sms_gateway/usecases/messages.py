"""Single messages: POST /v1/sms, a campaign's test, and what became of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import quota_leases
from channel.single_sends import Raced, TooFewUnits
from chassis import erasures
from chassis.actors import account_of, submitter_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts import ids
from contracts.errors import Invalid, WiciError
from contracts.rpc import Actor
from contracts.sms_gateway.messages import SCHEDULE_MAX_DAYS
from contracts.vocabulary import Lane
from sms_gateway import exceptions
from sms_gateway.domain import code_rates
from sms_gateway.domain.countries import country_of
from sms_gateway.domain.sends import Plan, request_hash
from sms_gateway.store import account_countries, contents, messages, senders
from sms_gateway.store.code_rates import CodeRates
from sms_gateway.usecases.contents import count_parts, ensure_sender, own_content, rendered_or_refused, with_address


def plan_send(
    _database: Database, *, actor: Actor, now: datetime, short_link_url: str | None = None, **request: Any
) -> Plan:
    """Check a POST /v1/sms as far as that is possible without the database.

    :param short_link_url: what short links start with.
    :raises Invalid: the text is too long or empty, a link cannot be shortened, the time is past or too far.
    """
    account_id = account_of(actor)
    text = {"text": request["text"], "replace_diacritics": request["replace_diacritics"]}
    is_short = bool(request.get("short_links"))
    counted = count_parts(**text, short_links=is_short, short_link_url=short_link_url)
    if not counted["text"].strip():
        raise exceptions.text_empty()
    _ensure_schedule(request["schedule_at"], now)
    # The text of a single message is what it says: braces in it are braces.
    content = with_address(
        {
            **text,
            "literal": True,
            "flash": request["flash"],
            "validity_minutes": request["validity"],
            "short_links": is_short,
        },
        short_link_url,
    )
    return Plan(
        account_id=account_id,
        sender=request["from"],
        content=content,
        addresses=request["to"],
        fields={},
        parts=counted["parts"],
        lane=request["lane"],
        text=counted["text"],
        external_id=request["external_id"],
        schedule_at=request["schedule_at"],
        request_hash=request_hash(account_id, actor.get("request_key")),
        trace_id=str(actor.get("request_id") or ""),
        submitter_id=submitter_of(actor),
        webhook_url=request.get("webhook_url"),
    )


def plan_test(
    database: Database, *, actor: Actor, now: datetime, content_hash: str, addresses: list[str], fields_: dict[str, Any]
) -> Plan:
    """Check a test of a prepared content, rendered with given fields; it goes once to each number."""
    account_id = account_of(actor)
    with database.transaction() as session:
        row = own_content(session, account_id, content_hash)
        sender = ensure_sender(session, account_id, row.sender)
    rendered = rendered_or_refused(row.content, fields_, account_id)
    return Plan(
        account_id=account_id,
        sender=sender,
        content=row.content,
        addresses=list(dict.fromkeys(addresses)),
        fields=fields_,
        parts=rendered.parts,
        lane=Lane.TRANSACTIONAL,
        text=None,
        external_id=None,
        schedule_at=None,
        request_hash=request_hash(account_id, actor.get("request_key")),
        trace_id=str(actor.get("request_id") or ""),
        submitter_id=submitter_of(actor),
    )


def storing(now: Callable[[], datetime]) -> Callable[[Session, Sequence[Plan]], list[Any]]:
    """`store_sends` as `channel.single_sends` takes it."""
    return lambda session, plans: store_sends(session, plans, now=now())


def store_sends(
    session: Session, plans: Sequence[Plan], *, now: datetime
) -> list[dict[str, Any] | WiciError | TooFewUnits]:
    """Put sends on disk and on their way, once for each request key, within the units that are leased.

    :returns: for each plan its messages, why it cannot be sent, or what is missing for it.
    """
    active = senders.active_spellings(session, {_sender(plan) for plan in plans})
    made = messages.made_before(session, {plan.request_hash for plan in plans if plan.request_hash})
    leased = quota_leases.leased(session, {plan.account_id for plan in plans})
    rates = CodeRates(session, plans, now)
    countries = account_countries.of_accounts(session, {plan.account_id for plan in plans})
    answers: list[dict[str, Any] | WiciError | TooFewUnits] = []
    new: dict[UUID, Plan] = {}
    for plan in plans:
        units, lease = plan.units, leased[plan.account_id]
        if _sender(plan) not in active:
            answers.append(exceptions.sender_not_active())
        elif plan.request_hash in made:
            answers.append(_accepted(made[plan.request_hash], plan))
        elif units > lease.unspent:
            answers.append(TooFewUnits(plan.account_id, units, lease.unspent))
        elif refusal := lease.refuses(plan.addresses):
            answers.append(refusal)
        elif (elsewhere := _first_elsewhere(plan, countries)) is not None:
            answers.append(exceptions.country_not_allowed(elsewhere))
        elif wait := rates.wait(plan):
            answers.append(exceptions.too_many_codes(code_rates.MOST, code_rates.WITHIN, wait))
        else:
            rates.note(plan)
            lease.unspent -= units
            send_id = new_id()
            spelled = active[_sender(plan)]
            new[send_id] = plan if plan.sender == spelled else replace(plan, sender=spelled)
            answers.append(_accepted(send_id, plan))
            if plan.request_hash:
                made[plan.request_hash] = send_id
    rates.write()
    if new:
        _start(session, new, now)
    return answers


def _first_elsewhere(plan: Plan, countries: account_countries.Allowed) -> int | None:
    """The position of the first address in a country that the account may not send to."""
    allowed = countries.get(plan.account_id)
    if allowed is None:
        return None
    return next((place for place, address in enumerate(plan.addresses) if country_of(address) not in allowed), None)


def accept(session: Session, plan: Plan, *, now: datetime) -> list[UUID]:
    """One send on its way that is in nobody's quota and has no request's key; returns its messages."""
    send_id = new_id()
    plans = {send_id: plan}
    messages.start(session, plans, _added(session, plans, now), now=now)
    return list(map(ids.message_ids(send_id), range(1, len(plan.addresses) + 1)))


def _added(session: Session, plans: dict[UUID, Plan], now: datetime) -> dict[UUID, str]:
    """Add the sends; the hashes of their contents by send id. :raises Raced: a key has been used meanwhile."""
    erasures.share(session)
    wanted = [(plan.account_id, plan.sender, plan.content, plan.schedule_at or now) for plan in plans.values()]
    hashes = dict(zip(plans, contents.keep_contents(session, wanted), strict=True))
    if len(messages.add(session, plans, hashes)) < len(plans):
        raise Raced
    return hashes


def _start(session: Session, plans: dict[UUID, Plan], now: datetime) -> None:
    hashes = _added(session, plans, now)
    spent: Counter[UUID] = Counter()
    for plan in plans.values():
        spent[plan.account_id] += plan.units
    quota_leases.spend(session, spent)
    messages.start(session, plans, hashes, now=now)


def _accepted(send_id: UUID, plan: Plan) -> dict[str, Any]:
    of = ids.message_ids(send_id)
    return {
        "messages": [
            {"id": str(of(number)), "to": address, "parts": plan.parts}
            for number, address in enumerate(plan.addresses, 1)
        ]
    }


def _sender(plan: Plan) -> tuple[UUID, str]:
    return plan.account_id, senders.sender_key(plan.sender)


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> dict[str, Any]:
    """:raises NotFound: no such message in the account."""
    found = messages.message(session, account_id=account_of(actor), message_id=message_id)
    if found is None:
        raise exceptions.not_found("message")
    return found


def _ensure_schedule(at: datetime | None, now: datetime) -> None:
    if at is not None and not 0 <= (at - now).total_seconds() <= SCHEDULE_MAX_DAYS * 86_400:
        detail = f"The time must lie between now and {SCHEDULE_MAX_DAYS} days ahead."
        raise Invalid(
            "schedule.invalid", detail, None, [{"field": "schedule_at", "code": "schedule.invalid", "detail": detail}]
        )
