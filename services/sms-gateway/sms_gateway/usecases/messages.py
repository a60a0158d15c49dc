"""Single messages: POST /v1/sms, a campaign's test, and what became of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from channel.quota_leases import Leased
from channel.single_sends import Raced, TooFewUnits
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
from sms_gateway.domain.ranges import RangeState
from sms_gateway.domain.sends import NewSend, Plan, new_send, request_hash
from sms_gateway.store import contents, held_ranges, messages, new_sends, senders, unknown_messages
from sms_gateway.store.code_rates import CodeRates
from sms_gateway.usecases.contents import (
    count_parts,
    ensure_language,
    ensure_sender,
    own_content,
    rendered_or_refused,
    with_address,
)
from sms_gateway.usecases.sms_ranges import RangeGuard

_ACCOUNT_AND_SENDER = attrgetter("account_id", "sender")


def plan_send(
    database: Database, *, actor: Actor, now: datetime, short_link_url: str | None = None, **request: Any
) -> Plan:
    """Check a POST /v1/sms as far as that is possible without the account's row.

    :param short_link_url: what short links start with.
    :raises Invalid: the text is too long or empty, a link cannot be shortened, the time is past or too far, or no
        carrier takes the tables that it is written with.
    """
    account_id = account_of(actor)
    text = {"text": request["text"], "replace_diacritics": request["replace_diacritics"]}
    is_short = bool(request.get("short_links"))
    language = request.get("national_language")
    counted = count_parts(**text, national_language=language, short_links=is_short, short_link_url=short_link_url)
    if language is not None and counted["national_language"]:
        ensure_language(database, language)
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
            "national_language": counted["national_language"],
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
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    content_hash: str,
    addresses: list[str],
    fields_: dict[str, Any],
    campaign_id: UUID | None,
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
        test_of=str(campaign_id) if campaign_id else None,
    )


def storing(
    now: Callable[[], datetime], keeps_own: Callable[[], bool] = lambda: False
) -> Callable[[Session, Sequence[Plan]], list[Any]]:
    """`store_sends` as `channel.single_sends` takes it."""
    return lambda session, plans: store_sends(session, plans, now=now(), keeps_own=keeps_own())


def store_sends(
    session: Session, plans: Sequence[Plan], *, now: datetime, keeps_own: bool = False
) -> list[dict[str, Any] | WiciError | TooFewUnits]:
    """Put sends on disk and on their way, once for each request key, within the units that are leased.

    :param keeps_own: whether what a partner's message says stands with its send (`contents.own`).
    :returns: for each plan its messages, why it cannot be sent, or what is missing for it.
    """
    # Partners' messages come in runs of one account and sender: what is looked up is looked up once for each.
    runs = [(account_id, sender, list(run)) for (account_id, sender), run in groupby(plans, _ACCOUNT_AND_SENDER)]
    keys = {_key(account_id, sender) for account_id, sender, _ in runs}
    known = new_sends.known(session, {account_id for account_id, _ in keys}, keys, plans, now)
    made = messages.made_before(session, {plan.request_hash for plan in plans if plan.request_hash})
    rates = known.rates
    guard = RangeGuard(known.ranges)
    answers: list[dict[str, Any] | WiciError | TooFewUnits] = []
    accepted: list[NewSend] = []
    for account_id, sender, run in runs:
        lease, allowed, account = known.leased[account_id], known.countries.get(account_id), str(account_id)
        spelled = known.active.get(_key(account_id, sender))
        for plan in run:
            if spelled is None:
                answers.append(exceptions.sender_not_active())
            elif plan.request_hash in made:
                answers.append(_accepted(ids.stem(made[plan.request_hash]), plan))
            elif (refusal := _refusal(plan, lease, allowed, rates, guard)) is not None:
                answers.append(refusal)
            else:
                rates.note(plan)
                lease.unspent -= plan.units
                send_id = new_id()
                accepted.append(new_send(send_id, account, _spelled(plan, spelled)))
                answers.append(_accepted(accepted[-1].stem, plan))
                if plan.request_hash:
                    made[plan.request_hash] = send_id
    guard.note(session, [send.plan for send in accepted], now)
    if accepted:
        new = [send._replace(plan=_as_it_leaves(send.plan, guard)) for send in accepted]
        _write(session, new, now, units=_units(new), rates=rates, keeps_own=keeps_own)
    return answers


def _spelled(plan: Plan, sender: str) -> Plan:
    """With the sender as it was approved."""
    return plan if plan.sender == sender else plan._replace(sender=sender)


def _as_it_leaves(plan: Plan, guard: RangeGuard) -> Plan:
    """With what it waits for where its range is held, or was dropped this moment: then what waits is rejected."""
    state, of = guard.state(plan)
    return plan._replace(held=held_ranges.reason(of)) if state in (RangeState.HELD, RangeState.DROPPED) else plan


def _refusal(
    plan: Plan, lease: Leased, allowed: frozenset[str] | None, rates: CodeRates, guard: RangeGuard
) -> WiciError | TooFewUnits | None:
    """Why it may not be sent now, by the account's lease, its countries, and what its numbers have got."""
    if plan.units > lease.unspent:
        return TooFewUnits(plan.account_id, plan.units, lease.unspent)
    if refusal := lease.refuses(plan.addresses):
        return refusal
    if (elsewhere := _first_elsewhere(plan, allowed)) is not None:
        return exceptions.country_not_allowed(elsewhere)
    if plan.is_code and (wait := rates.wait(plan)):
        return exceptions.too_many_codes(code_rates.MOST, code_rates.WITHIN, wait)
    state, of = guard.state(plan)
    return exceptions.range_dropped(of) if state is RangeState.DROPPED else None


def _first_elsewhere(plan: Plan, allowed: frozenset[str] | None) -> int | None:
    """The position of the first address in a country that the account may not send to (None: it may to any)."""
    if allowed is None:
        return None
    return next((place for place, address in enumerate(plan.addresses) if country_of(address) not in allowed), None)


def accept(session: Session, plan: Plan, *, now: datetime) -> list[UUID]:
    """One send on its way that is in nobody's quota and has no request's key; returns its messages."""
    send = new_send(new_id(), str(plan.account_id), plan)
    _write(session, [send], now, units={}, rates=None, keeps_own=False)
    return [UUID(each) for each in send.message_ids()]


def _write(
    session: Session, sends: Sequence[NewSend], now: datetime, *, units: dict[UUID, int], rates: CodeRates | None,
    keeps_own: bool,
) -> None:  # fmt: skip
    """:raises Raced: a key has been used meanwhile."""
    beside: list[Callable[[Any], object]] = [rates.write_at] if rates else []
    names = [contents.own_name(send.id) if keeps_own and _is_its_own(send.plan) else "" for send in sends]
    if shared := [send.plan for send, name in zip(sends, names, strict=True) if not name]:
        wanted = [(plan.account_id, plan.sender, plan.content, plan.schedule_at or now) for plan in shared]
        found, missing = contents.find_missing(session, wanted)
        hashes = iter(found)
        names = [name or next(hashes) for name in names]
        beside.append(partial(contents.keep_at, missing=missing))
    if not new_sends.write(session, sends, names, units=units, now=now, beside=beside):
        raise Raced


def _is_its_own(plan: Plan) -> bool:
    """Whether what it says stands with the send alone: a partner's message, but for one that may be replaced."""
    return plan.partner is not None and plan.schedule_at is None


def _units(sends: Sequence[NewSend]) -> dict[UUID, int]:
    units: Counter[UUID] = Counter()
    for account_id, run in groupby(sends, lambda send: send.plan.account_id):
        units[account_id] += sum([send.plan.units for send in run])
    return units


def _accepted(stem: str, plan: Plan) -> dict[str, Any]:
    return {
        "messages": [
            {"id": f"{stem}{number:08x}", "to": address, "parts": plan.parts}
            for number, address in enumerate(plan.addresses, 1)
        ]
    }


def _key(account_id: UUID, sender: str) -> tuple[UUID, str]:
    return account_id, senders.sender_key(sender)


def get_message(session: Session, *, actor: Actor, now: datetime, message_id: UUID) -> dict[str, Any]:
    """:raises NotFound: no such message in the account."""
    found = messages.message(session, account_id=account_of(actor), message_id=message_id)
    if found is None:
        raise exceptions.not_found("message")
    return found


def note_unknown(session: Session, message_ids: Sequence[UUID]) -> None:
    """Single messages that had left without an answer and were taken back: a receipt tells what became of them."""
    unknown_messages.note(session, message_ids)


def _ensure_schedule(at: datetime | None, now: datetime) -> None:
    if at is not None and not 0 <= (at - now).total_seconds() <= SCHEDULE_MAX_DAYS * 86_400:
        detail = f"The time must lie between now and {SCHEDULE_MAX_DAYS} days ahead."
        raise Invalid(
            "schedule.invalid", detail, None, [{"field": "schedule_at", "code": "schedule.invalid", "detail": detail}]
        )
