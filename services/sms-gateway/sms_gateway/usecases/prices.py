"""What SMS cost: prices of plans and costs of carriers, by operators; what a text costs an account (0183)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from chassis import acts, pages
from chassis.actors import operator_of
from chassis.database import Session
from chassis.ids import new_id
from contracts.errors import Conflict, Invalid
from contracts.events import SMS_GATEWAY_ACT
from contracts.money import CURRENCY
from contracts.rpc import Actor
from sms_gateway import exceptions
from sms_gateway.domain import networks
from sms_gateway.domain.prices import PriceList, place_of
from sms_gateway.models import SmsPrice
from sms_gateway.store import carriers, traffic
from sms_gateway.store import prices as store

View = dict[str, Any]
MOST_PLACES = 250


def list_sms_prices(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    plan: str | None,
    carrier_id: UUID | None,
    network: str | None,
    cursor: str | None,
    limit: int,
) -> pages.Page:
    operator_of(actor)
    rows = store.prices(
        session, plan=plan, carrier_id=carrier_id, network=network, after=pages.position(cursor), limit=limit + 1
    )
    return pages.page(rows, limit, _shown)


def create_sms_price(
    session: Session, *, actor: Actor, now: datetime, reason: str, from_: datetime | None, **settings: Any
) -> View:
    """:raises Invalid: it would hold for what has left already, or of a carrier or network that there is not.

    :raises Conflict: there is one of the same for that moment.
    """
    operator_of(actor)
    earliest = now + store.AT_ONCE
    if from_ is not None and from_ < now:
        raise Invalid.of_field("from", "sms_price.in_the_past", "What has left has its price already.")
    if settings["carrier_id"] is not None and carriers.carrier(session, settings["carrier_id"]) is None:
        raise Invalid.of_field("carrier_id", "carrier.not_found", "There is no such carrier.")
    if settings["network"] is not None and settings["network"] not in networks.known_places():
        raise Invalid.of_field("network", "route.network_unknown", "No numbering plan has this network.")
    price = SmsPrice(id=new_id(), created_at=now, valid_from=max(from_ or earliest, earliest), **settings)
    if not store.add(session, price):
        raise Conflict("sms_price.exists", "There is a price of the same for that moment.")
    _record(session, actor, "sms_price.created", price, reason)
    return _shown(price)


def delete_sms_price(session: Session, *, actor: Actor, now: datetime, price_id: UUID, reason: str) -> None:
    """One that does not hold yet, nor will in a moment: what leaves meanwhile would be priced by it all the same.

    :raises Conflict: it does; another one that begins later takes its place.
    """
    operator_of(actor)
    price = store.price_for_update(session, price_id)
    if price is None:
        raise exceptions.not_found("sms_price")
    if price.valid_from <= now + store.AT_ONCE:
        raise Conflict("sms_price.in_force", "It holds already, or will in a few seconds: add one that begins later.")
    store.delete(session, price)
    _record(session, actor, "sms_price.deleted", price, reason)


def report_sms_traffic(session: Session, *, actor: Actor, now: datetime, from_: date, to: date) -> View:
    """What carriers took, by carrier and network, with what accounts pay for it and what the platform does."""
    operator_of(actor)
    return {"items": [_traffic(row) for row in traffic.report(session, from_, to)]}


def of_text(session: Session, account_id: UUID, parts: int, now: datetime) -> list[View]:
    """What a text of so many parts costs the account, by each network that has a price of its own, now."""
    prices, plan = store.list_of_account(session, account_id)
    at = now.timestamp()
    found = [(place, prices.of_account(plan, place, at)) for place in prices.places(plan)[:MOST_PLACES]]
    return [
        {"network": place, "price": money(price), "cost": money(price * parts)}
        for place, price in found
        if price is not None
    ]


class Sampled(NamedTuple):
    """A text for one of a sample. `stands_for`: so many of the audience."""

    phone: str | None
    parts: int
    stands_for: int


def of_sample(
    session: Session, account_id: UUID, sample: Sequence[Sampled], size: int | None, now: datetime
) -> tuple[list[View], View | None]:
    """What these texts cost, by network, `cost` None where there is no price; and what an audience of that size costs
    that they are a sample of: None where one network has no price, or the size is not known."""
    prices, plan = store.list_of_account(session, account_id)
    places = [place_of(one.phone) if one.phone else None for one in sample]
    contacts, taken = Counter(places), Counter[str | None]()
    for place, one in zip(places, sample, strict=True):
        taken[place] += one.parts
    shown = [_of_place(prices, plan, place, now, contacts[place], taken[place]) for place, _ in contacts.most_common()]
    of_place = {place: prices.of_account(plan, place, now.timestamp()) for place in contacts}
    return shown, _of_all(sample, [of_place[place] for place in places], size)


def _of_all(sample: Sequence[Sampled], prices: Sequence[int | None], size: int | None) -> View | None:
    known = [price for price in prices if price is not None]
    stand_for = sum(one.stands_for for one in sample)
    if size is None or not stand_for or len(known) < len(sample):
        return None
    longest = max(one.parts for one in sample)
    costs = [(price * one.stands_for, one.parts) for price, one in zip(known, sample, strict=True)]
    estimate, most = sum(cost * parts for cost, parts in costs), sum(cost * longest for cost, _ in costs)
    return {"estimate": money(round(estimate * size / stand_for)), "most": money(round(most * size / stand_for))}


def _of_place(prices: PriceList, plan: str | None, place: str | None, now: datetime, contacts: int, parts: int) -> View:
    price = prices.of_account(plan, place, now.timestamp())
    shown: Mapping[str, Any] = {"network": place, "contacts": contacts, "parts": parts}
    return {**shown, "price": money(price), "cost": money(None if price is None else price * parts)}


def money(amount: int | None) -> View | None:
    return None if amount is None else {"amount": amount, "currency": CURRENCY}


def _record(session: Session, actor: Actor, act: str, price: SmsPrice, reason: str) -> None:
    facts: dict[str, Any] = {
        "plan": price.plan, "carrier_id": str(price.carrier_id) if price.carrier_id else None,
        "network": price.network, "amount": price.amount, "per_parts": price.per_parts,
        "valid_from": price.valid_from.isoformat(),
    }  # fmt: skip
    acts.record(session, SMS_GATEWAY_ACT, actor, act, target_id=price.id, reason=reason, **facts)


def _shown(row: SmsPrice) -> View:
    names = ("id", "plan", "carrier_id", "network", "amount", "per_parts", "created_at")
    return {**{name: getattr(row, name) for name in names}, "currency": CURRENCY, "from_": row.valid_from}


def _traffic(row: Any) -> View:
    names = ("carrier_id", "carrier", "network", "messages", "parts", "unpriced_parts", "uncosted_parts")
    paid = (row.paid_thousandths + 500) // 1_000
    return {**{name: getattr(row, name) for name in names}, "charged": money(row.charged), "paid": money(paid)}
