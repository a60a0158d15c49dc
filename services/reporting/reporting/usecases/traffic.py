"""What every account sent and what became of it, for operators."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from chassis import pages
from chassis.actors import operator_of
from chassis.database import Session
from contracts.rpc import Actor
from contracts.vocabulary import Channel
from reporting.domain.figures import failed
from reporting.store import traffic
from reporting.usecases.views import Answer


def list_traffic(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    from_: date,
    to: date,
    limit: int,
    channel: Channel | None = None,
    account_id: UUID | None = None,
    cursor: str | None = None,
) -> Answer:
    """Accounts with messages accepted on these days of UTC, in the order of their ids, with what became of these by
    channel; of one account alone where it is named."""
    operator_of(actor)
    days, after = traffic.Days(from_, to, channel), pages.position(cursor)
    if account_id is None:
        found = traffic.of_accounts(session, days, after=after, limit=limit + 1)
    else:
        found = traffic.of_account(session, days, account_id)
    return pages.page(list(found.items()), limit, lambda one: _account(*one), key="account_id")


def _account(account_id: UUID, by_channel: traffic.AmountsByChannel) -> Answer:
    channels = [
        {
            "channel": Channel(channel),
            "messages": amounts["messages"],
            "sent": amounts["sent"],
            "delivered": amounts["delivered"],
            "failed": failed(amounts),
        }
        for channel, amounts in by_channel.items()
    ]
    return {"account_id": account_id, "channels": channels}
