"""Statistics of accounts, day by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chassis.actors import account_of
from chassis.database import Session
from contracts.errors import Invalid
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from reporting.domain.counting import Dimension
from reporting.store import counters
from reporting.usecases import views
from reporting.usecases.views import Answer

DAYS = 30
DAYS_AT_MOST = 400


def get_statistics(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    first: date | None = None,
    last: date | None = None,
    channel: Channel | None = None,
) -> Answer:
    """What became of an account's messages, by the day on which they were accepted, and by channel."""
    account_id = account_of(actor)
    last = last or now.date()
    first = first or last - timedelta(days=DAYS - 1)
    if not 0 <= (last - first).days < DAYS_AT_MOST:
        problem = f"From 1 to {DAYS_AT_MOST} days, the first before the last."
        raise Invalid.of_field("from", "period.invalid", problem)
    by_day = counters.read(session, account_id=account_id, scope_id=account_id, dimension=Dimension.DAY)
    days: list[Answer] = []
    rows_by_channel: dict[Channel, list[dict[str, int]]] = {}
    for key, amounts in by_day.items():
        day, _, of_channel = key.partition(" ")
        named = Channel(of_channel)
        if first <= date.fromisoformat(day) <= last and channel in (None, named) and amounts["messages"]:
            days.append({"day": date.fromisoformat(day), "channel": named, **views.figures_of(named, amounts)})
            rows_by_channel.setdefault(named, []).append(amounts)
    totals = [
        {"channel": named, **views.figures_of(named, counters.summed(rows))}
        for named, rows in sorted(rows_by_channel.items())
    ]
    return {"days": days, "totals": totals}
