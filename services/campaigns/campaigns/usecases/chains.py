"""Messages over several channels as they are asked for: sent, shown, listed, counted, cancelled; and one person's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns import exceptions
from campaigns.domain import chains as domain
from campaigns.models import ChainStep, MessageChain
from campaigns.store import chains as store
from campaigns.usecases.chain_people import contact_of, reached_at
from campaigns.usecases.ports import Ask, ensure_granted, made_id, may
from campaigns.usecases.views import Answer
from chassis import acts, pages, suspensions
from chassis.actors import account_of
from chassis.database import Database, Session
from contracts.campaigns import chains as contract
from contracts.channel import CHANNELS
from contracts.email_addresses import one_spelling
from contracts.errors import FieldError, TooManyRequests, Unavailable, WiciError
from contracts.events import CAMPAIGNS_ACT
from contracts.rpc import Actor
from contracts.vocabulary import ChainState, Channel, StepState

# Refusals of an address that stands for one that is not known yet.
_OF_THE_SAMPLE = frozenset({"account.on_trial", "country.not_allowed"})


def send_chain(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    ask: Ask,
    ask_itself: Ask,
    to: dict[str, Any],
    steps: Sequence[dict[str, Any]],
    external_id: str | None,
    webhook_url: str | None,
) -> Answer:
    """Take a message on. Every step has been checked by its channel, as if it were sent now.

    :param ask: on behalf of who sends. :param ask_itself: on behalf of the account, whatever the sender may see.
    :raises Invalid: a step that could not be sent, by its field; nobody to reach.
    :raises Forbidden: the sender may not send on a step's channel; the account is suspended.
    """
    _ensure_may_send(actor, [step["channel"] for step in steps])
    chain_id, account_id = made_id(actor, "chain"), account_of(actor)
    with database.transaction() as session:
        suspensions.refuse(session, account_id)
        if (made := store.find(session, account_id=account_id, chain_id=chain_id)) is not None:
            return _shown(made, actor)
    named = [_named(to, step["channel"]) for step in steps]
    _ensure_sendable(ask, steps, _addresses(ask_itself, to, steps, named))
    zone = ask_itself("identity.get_account", {})["time_zone"] if any(step["quiet_hours"] for step in steps) else None
    row = MessageChain(
        id=chain_id, account_id=account_id, contact_id=to.get("contact_id"), external_id=external_id,
        webhook_url=webhook_url, time_zone=zone, state=ChainState.RUNNING, channel=steps[0]["channel"], due_at=now,
        created_at=now, is_cancelled=False,
    )  # fmt: skip
    begun = domain.begun([store.go_on_of(step["go_on"]) for step in steps])
    rows = [
        ChainStep(
            chain_id=chain_id, place=place, account_id=account_id, channel=step["channel"], sender=step["sender"],
            content=step["content"], go_on=step["go_on"], quiet_hours=step["quiet_hours"], address=named[place],
            units=0, state=begun.steps[place].state, asked_back=False, is_addressed=False,
        )
        for place, step in enumerate(steps)
    ]  # fmt: skip
    with database.transaction() as session:
        store.add(session, row, rows)
        return _shown(store.get(session, account_id=account_id, chain_id=chain_id), actor)


def _named(to: Mapping[str, Any], channel: Channel) -> str | None:
    """The address that was given, in the spelling in which privacy asks for it."""
    address = to.get(CHANNELS[channel].address_field)
    return one_spelling(address) if address is not None and channel is Channel.EMAIL else address


def _addresses(
    ask: Ask, to: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], named: list[str | None]
) -> list[str | None]:
    """Of each step, as they are now, to check it with: a contact's are found anew when it leaves.

    :raises Invalid: no such contact, or none of its channels leads to them.
    """
    if to.get("contact_id") is None:
        return named
    contact = contact_of(ask, to["contact_id"])
    if contact is None:
        raise exceptions.no_such_contact()
    found = [reached_at(contact, step["channel"], address) for step, address in zip(steps, named, strict=True)]
    if all(one.address is None for one in found):
        raise exceptions.nobody_reachable()
    return [one.address or address for one, address in zip(found, named, strict=True)]


def _ensure_sendable(ask: Ask, steps: Sequence[Mapping[str, Any]], addresses: Sequence[str | None]) -> None:
    """:raises Invalid: names what each step's channel refuses."""
    errors: list[FieldError] = []
    for place, (step, address) in enumerate(zip(steps, addresses, strict=True)):
        channel = step["channel"]
        send = contract.send_of(channel, step, address or CHANNELS[channel].sample_address)
        try:
            ask(CHANNELS[channel].call("check_message"), send)
        except (Unavailable, TooManyRequests):
            raise
        except WiciError as refusal:
            if address is not None or not _codes(refusal) <= _OF_THE_SAMPLE:
                errors += _errors_of(place, channel, refusal)
    if errors:
        raise exceptions.step_refused(errors)


def _codes(refusal: WiciError) -> set[str]:
    return {error["code"] for error in refusal.errors} or {refusal.code}


def _errors_of(place: int, channel: Channel, refusal: WiciError) -> list[FieldError]:
    """A channel's refusal in the words of the step that it is about."""
    if not refusal.errors:
        field = "from" if refusal.code.startswith(("sender", "application", "agent")) else "channel"
        return [{"field": f"steps.{place}.{field}", "code": refusal.code, "detail": refusal.detail}]
    return [{**error, "field": _field_of(place, channel, error["field"])} for error in refusal.errors]


def _field_of(place: int, channel: Channel, field: str) -> str:
    """`steps.1.content.text`, of what the channel calls `text` or `content.text`."""
    also_named: Mapping[str, str] = getattr(contract.send_schema(channel), "also_named", {})
    for beginning in sorted(also_named, key=len, reverse=True):
        if field == beginning or field.startswith(f"{beginning}."):
            field = (also_named[beginning] + field[len(beginning) :]).removeprefix(".")
            break
    first = field.partition(".")[0]
    if first == "to":
        return f"to.{CHANNELS[channel].address_field}"
    if first in ("from", "from_", "sender"):
        return f"steps.{place}.from"
    return f"steps.{place}.content.{field}" if field else f"steps.{place}.content"


def get_chain(session: Session, *, actor: Actor, now: datetime, chain_id: UUID) -> Answer:
    """:raises NotFound: no such message in the account."""
    return _shown(store.get(session, account_id=account_of(actor), chain_id=chain_id), actor)


def list_chains(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    state: ChainState | None = None,
    reached_by: Channel | None = None,
    external_id: str | None = None,
    contact_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Answer:
    rows = store.listed(
        session, account_id=account_of(actor), after=pages.position_in_time(cursor), limit=limit + 1, state=state,
        reached_by=reached_by, external_id=external_id, contact_id=contact_id, since=since, until=until,
    )  # fmt: skip
    return pages.page_in_time(rows, limit, _summary)


def cancel_chain(session: Session, *, actor: Actor, now: datetime, chain_id: UUID) -> Answer:
    """Nothing more leaves; what has left is taken back where it can be. Of what is over nothing changes."""
    kept = store.get(session, account_id=account_of(actor), chain_id=chain_id)
    _ensure_may_send(actor, [Channel(step.channel) for step in kept.steps])
    kept = store.locked(session, [chain_id])[chain_id]
    if kept.row.state == ChainState.RUNNING:
        store.save(session, kept, domain.cancelled(kept.chain), now=now)
        acts.record(session, CAMPAIGNS_ACT, actor, "message.cancelled", target_id=chain_id)
    return _shown(kept, actor)


def count_chains(session: Session, *, actor: Actor, now: datetime, since: datetime, until: datetime) -> Answer:
    """What each step has reached and taken, and how often it was not needed."""
    steps, ends = store.figures(session, account_id=account_of(actor), since=since, until=until)
    by_state = dict.fromkeys(ChainState, 0)
    reached_by: dict[Channel, int] = {}
    for row in ends:
        by_state[ChainState(row["state"])] += row["chains"]
        if row["reached_by"] is not None:
            channel = Channel(row["reached_by"])
            reached_by[channel] = reached_by.get(channel, 0) + row["chains"]
    return {
        "chains": sum(by_state.values()),
        "by_state": by_state,
        "reached_by": reached_by,
        "steps": [{**row, "channel": Channel(row["channel"])} for row in steps],
    }


# --- one person


def export_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], cursor: str | None, limit: int
) -> Answer:
    """One page of the chains to a person."""
    found = store.of_person(
        session, account_id=account_of(actor), addresses=addresses, before=pages.position(cursor), limit=limit + 1
    )
    page = pages.page([_shown(kept, actor) for kept in found], limit)
    dumped = [contract.RPC["get_chain"].dump(item) for item in page["items"]]
    return {**page, "items": [{"kind": "message_chain", "record": record} for record in dumped]}


def erase_person(
    session: Session, *, actor: Actor, now: datetime, addresses: list[str], erased_at: datetime, dry_run: bool
) -> Answer:
    """Take a person out of every chain made by `erased_at`; nothing more of those leaves. Twice is harmless."""
    chain_ids = store.ids_of_person(session, account_id=account_of(actor), addresses=addresses, by=erased_at)
    for kept in () if dry_run else store.locked(session, chain_ids).values():
        if kept.row.state == ChainState.RUNNING:
            store.save(session, kept, domain.cancelled(kept.chain), now=now)
        store.forget_person(kept)
    return {"counts": {"message_chains": len(chain_ids)}, "waiting": 0}


def erase_of_account(database: Database, account_id: UUID) -> None:
    """All that an account has, some in each transaction, for there may be millions."""
    while True:
        with database.transaction() as session:
            if not store.erase_some_of_account(session, account_id):
                return


# --- as they are shown


def _ensure_may_send(actor: Actor, channels: Sequence[Channel]) -> None:
    for channel in channels:
        ensure_granted(actor, f"{channel}.send")


def _summary(row: MessageChain) -> Answer:
    return {
        "id": row.id,
        "state": ChainState(row.state),
        "reached_by": Channel(row.reached_by) if row.reached_by else None,
        "contact_id": row.contact_id,
        "external_id": row.external_id,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }


def _shown(kept: store.Kept, actor: Actor) -> Answer:
    """A contact's own addresses are for those who see contacts, or the message log."""
    sees = any(may(actor, permission) for permission in ("contacts.read", "reports.read"))
    steps = [_step(step, hides_address=step.is_addressed and not sees) for step in kept.steps]
    return {**_summary(kept.row), "steps": steps}


def _step(step: ChainStep, *, hides_address: bool) -> Answer:
    names = (
        "sender",
        "go_on",
        "quiet_hours",
        "code",
        "message_id",
        "units",
        "sent_at",
        "delivered_at",
        "read_at",
    )
    return {
        **{name: getattr(step, name) for name in names},
        "address": None if hides_address else step.address,
        "place": step.place + 1,
        "channel": Channel(step.channel),
        "state": StepState(step.state),
        "ended_at": step.ended_at,
    }
