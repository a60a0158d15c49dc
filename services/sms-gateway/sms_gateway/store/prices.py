"""Prices and costs of SMS, and the plan of each account.

Which plan an account is on is told by identity (`plan_changed`). A price is looked up when a message is settled, by the
moment at which it left, and goes with its delivery event; so what has left keeps its price.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import select

from chassis import suspensions
from chassis.database import Session, changed, cursor_of
from chassis.refusals import flush_unless_taken
from sms_gateway.domain.prices import Amount, Price, PriceList
from sms_gateway.models import SmsPrice

# A price that holds at once does so after this: until then processes may know an older list.
KNOWN_FOR = 5.0
AT_ONCE = timedelta(seconds=10)

_ALL = "SELECT plan, carrier_id, network, amount, per_parts, extract(epoch FROM valid_from)::float8 FROM sms_prices"
_PLANS = "SELECT account_id, plan FROM account_plans WHERE account_id = ANY(%s)"


class KnownPrices(NamedTuple):
    """All prices, and the plans of those accounts that were asked about. `plans` is only ever added to."""

    list: PriceList
    plans: dict[str, str | None]
    until: float

    def price(self, account_id: str, place: str | None, at: float) -> int | None:
        """Minor units for a part, as the account pays it; None where nobody has said."""
        return self.list.of_account(self.plans.get(account_id), place, at)

    def cost(self, carrier_id: UUID, place: str | None, at: float) -> Amount | None:
        return self.list.of_carrier(carrier_id, place, at)


class PriceBook:
    """What a process knows of prices, at most `KNOWN_FOR` seconds old; asked by the ledger's thread and the upkeep's.

    Each prices by what `know` gave it: the other may begin a new list meanwhile.
    """

    def __init__(self) -> None:
        self._known = KnownPrices(PriceList(()), {}, 0.0)

    def know(self, cursor: Cursor[Any], account_ids: Iterable[str]) -> KnownPrices:
        """Prices, for these accounts. A query in five seconds, and one for accounts that are new to it."""
        now, known = time.monotonic(), self._known
        if now >= known.until:
            known = KnownPrices(_read_list(cursor), {}, now + KNOWN_FOR)
        if missing := [account_id for account_id in account_ids if account_id not in known.plans]:
            plans = _read_plans(cursor, missing)
            known.plans.update({account_id: plans.get(account_id) for account_id in missing})
        self._known = known
        return known


def list_of_account(session: Session, account_id: UUID) -> tuple[PriceList, str | None]:
    """All prices, and the account's plan."""
    cursor = cursor_of(session)
    return _read_list(cursor), _read_plans(cursor, [str(account_id)]).get(str(account_id))


def _read_list(cursor: Cursor[Any]) -> PriceList:
    cursor.execute(_ALL)
    return PriceList(
        Price(carrier_id or plan, network, None if amount is None else Amount(amount, per_parts), since)
        for plan, carrier_id, network, amount, per_parts, since in cursor.fetchall()
    )


def _read_plans(cursor: Cursor[Any], account_ids: Sequence[str]) -> dict[str, str]:
    cursor.execute(_PLANS, (list(account_ids),))
    return {str(account_id): plan for account_id, plan in cursor.fetchall()}


def of_carriers(session: Session) -> dict[tuple[UUID, str | None], Amount]:
    """What each carrier takes now, by place."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT DISTINCT ON (carrier_id, network) carrier_id, network, amount, per_parts FROM sms_prices"
        " WHERE carrier_id IS NOT NULL AND valid_from <= now() ORDER BY carrier_id, network, valid_from DESC"
    )
    return {
        (carrier_id, network): Amount(amount, per_parts)
        for carrier_id, network, amount, per_parts in cursor.fetchall()
        if amount is not None
    }


def note_plan(session: Session, *, account_id: UUID, plan: str, occurred_at: datetime) -> None:
    """What `plan_changed` says. Harmless twice, and what is told late changes nothing."""
    if suspensions.is_closed(session, account_id):
        return
    changed(
        session,
        "INSERT INTO account_plans AS p (account_id, plan, told_at) VALUES (:account_id, :plan, :told_at)"
        " ON CONFLICT (account_id) DO UPDATE SET plan = excluded.plan, told_at = excluded.told_at"
        " WHERE p.told_at <= excluded.told_at",
        account_id=account_id, plan=plan, told_at=occurred_at,
    )  # fmt: skip


def forget_plan(session: Session, account_id: UUID) -> None:
    changed(session, "DELETE FROM account_plans WHERE account_id = :account_id", account_id=account_id)


def prices(
    session: Session, *, plan: str | None, carrier_id: UUID | None, network: str | None, after: UUID | None, limit: int
) -> Sequence[SmsPrice]:
    query = select(SmsPrice).order_by(SmsPrice.id).limit(limit)
    for column, wanted in ((SmsPrice.plan, plan), (SmsPrice.carrier_id, carrier_id), (SmsPrice.network, network)):
        query = query if wanted is None else query.where(column == wanted)
    return session.scalars(query if after is None else query.where(SmsPrice.id > after)).all()


def add(session: Session, price: SmsPrice) -> bool:
    """False where there is one of the same for the same moment: nothing is written."""
    session.add(price)
    return flush_unless_taken(session, "sms_prices_once")


def price_for_update(session: Session, price_id: UUID) -> SmsPrice | None:
    return session.scalar(select(SmsPrice).where(SmsPrice.id == price_id).with_for_update())


def delete(session: Session, price: SmsPrice) -> None:
    session.delete(price)
    session.flush()
