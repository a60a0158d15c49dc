"""Whose the openings and clicks of a transaction are, and what that makes of others of the same messages."""

from __future__ import annotations

from collections import Counter as Numbers
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from chassis.database import Session
from reporting.domain import acts as domain
from reporting.domain.acts import Act, Moved, Summary
from reporting.domain.counting import Tally
from reporting.domain.folding import CLICKED, OPENED, Engagement
from reporting.domain.machines import BURST
from reporting.store import engagements, untold

MARKED_AT_ONCE = 5_000


def judge(session: Session, tally: Tally, new: Iterable[Engagement], *, hold_seconds: float) -> dict[str, Summary]:
    """Judge the messages that have new openings or clicks, each by all that it has, and count what changed.

    :returns: what each of them comes to now.
    """
    origins: dict[str, Engagement] = {}
    new_ids: defaultdict[str, set[str]] = defaultdict(set)
    for engagement in new:
        if engagement.kind in (OPENED, CLICKED):
            origins[engagement.message_id] = engagement
            new_ids[engagement.message_id].add(engagement.event_id)
    of_campaigns = {key: origin.account_id for key, origin in origins.items() if origin.campaign_id}
    # Before any act is changed: see `store/untold.py`.
    untold.add(session, of_campaigns, seconds=hold_seconds)
    summaries = {}
    moved: defaultdict[tuple[str, str], Numbers[Moved]] = defaultdict(Numbers)
    for message_id, known, judged in _judged(session, origins):
        origin = origins[message_id]
        summaries[message_id] = domain.summary(judged)
        if origin.campaign_id is not None:
            amounts = moved[origin.account_id, origin.campaign_id]
            amounts.update(domain.moved(judged))
            if len(known) > len(new_ids[message_id]):
                amounts.subtract(domain.moved([act for act in known if act.event_id not in new_ids[message_id]]))
    for (account_id, campaign_id), amounts in moved.items():
        domain.count(tally, account_id=UUID(account_id), campaign_id=UUID(campaign_id), amounts=amounts)
    return summaries


def judge_known(session: Session, message_ids: Collection[str]) -> dict[str, Summary]:
    """Judge messages by what the log has of them already, without counting; returns what each comes to."""
    return {key: domain.summary(judged) for key, _known, judged in _judged(session, message_ids)}


def _judged(session: Session, message_ids: Collection[str]) -> Iterator[tuple[str, list[Act], list[Act]]]:
    """The acts of each message, as they stood and as they are judged now; the log says so of those that changed.

    One message after the other: all acts of a transaction's messages are more than fits in memory.
    """
    exposed: list[tuple[str, str]] = []
    for message_id, by_id in engagements.acts_of(session, message_ids):
        judged = domain.judged(by_id.values())
        exposed += [(message_id, act.event_id) for act in judged if act.machine != by_id[act.event_id].machine]
        if len(exposed) >= MARKED_AT_ONCE:
            engagements.mark_machine(session, exposed, BURST)
            exposed.clear()
        yield message_id, list(by_id.values()), judged
    engagements.mark_machine(session, exposed, BURST)
