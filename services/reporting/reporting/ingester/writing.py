"""From delivery events to the log and the counters, in one transaction: what the ingester does, without the broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from prometheus_client import Counter as Metric
from sqlalchemy.orm import Session

from chassis import erasures
from chassis.database import Database, cursor_of
from chassis.logs import get_logger
from contracts.vocabulary import ERASED_ADDRESS, Channel
from reporting.domain import counting
from reporting.domain.acts import Summary
from reporting.domain.folding import COMPLAINED, UNSUBSCRIBED, Engagement, Folded, Patch, day_of
from reporting.domain.retention import kept_days
from reporting.ingester.crowds import Crowds
from reporting.store import accounts, campaigns, counters, engagements, labels, log, people, retention
from reporting.store.log import Move
from reporting.usecases.judging import judge

# Longer than a burst, its way through the gateway's spool and the lane: what comes later still counts right here, but
# contacts has heard of it.
HOLD_SECONDS = 10.0
TOO_OLD = Metric("wici_events_too_old_total", "Messages of which something came after they were forgotten")
# Of more single messages than these that are counted together, the line counts the others.
MOST_NAMED = 100
_TIME_COLUMN = {UNSUBSCRIBED: "unsubscribed_at", COMPLAINED: "complained_at"}


line = get_logger()


def write(
    session: Session,
    folded: Folded,
    known_ranges: set[tuple[str, str]],
    *,
    now: datetime,
    hold_seconds: float = HOLD_SECONDS,
) -> set[tuple[str, str]]:
    """Write what `folded` says into the log and the counters.

    :param known_ranges: ranges of message ids that the campaigns are known to have.
    :param hold_seconds: after which contacts is told what people did.
    :returns: those that became known: add them once the transaction is committed.
    """
    origins = _origins(folded)
    log.lock(session, {campaign_id or account_id for account_id, campaign_id, _head in origins})
    if _leave_old_out(session, folded, now):
        origins = _origins(folded)
    closed = accounts.closed_accounts(session, {account_id for account_id, _campaign_id, _head in origins})
    if closed:
        _leave_out(folded, closed)
    _leave_erased_out(session, folded)
    ranges = {
        (campaign_id, head): account_id
        for account_id, campaign_id, head in origins
        if campaign_id and account_id not in closed and (campaign_id, head) not in known_ranges
    }
    campaigns.add_ranges(session, ranges)
    tally = counting.Tally()
    new_engagements = engagements.write_engagements(session, folded.engagements)
    summaries = judge(session, tally, new_engagements, hold_seconds=hold_seconds)
    _add_to_patches(folded, new_engagements, summaries, tally)
    engagements.write_history(session, folded.history)
    labels.add(
        session,
        ((message_id, account_id, each) for message_id, (account_id, some) in folded.labels.items() for each in some),
    )
    for move in log.write_patches(session, folded.patches):
        _count_move(tally, move)
    counters.add(session, tally)
    return set(ranges)


def _origins(folded: Folded) -> set[tuple[str, str | None, str]]:
    """Account, campaign and the common head of the message ids: those of one send differ in their last 32 bits only."""
    return {
        (patch["account_id"], patch.get("campaign_id"), message_id[: campaigns.HEAD])
        for message_id, patch in folded.patches.items()
    }


def _leave_out(folded: Folded, closed: set[str]) -> None:
    """Forget what the events say of closed accounts."""
    folded.patches = {key: patch for key, patch in folded.patches.items() if patch["account_id"] not in closed}
    folded.history = {key: line for key, line in folded.history.items() if line.account_id not in closed}
    folded.engagements = {key: one for key, one in folded.engagements.items() if one.account_id not in closed}
    folded.labels = {key: one for key, one in folded.labels.items() if one[0] not in closed}


def _leave_old_out(session: Session, folded: Folded, now: datetime) -> int:
    """Forget what comes of messages that are kept no longer: it would count them anew. Returns of how many.

    Of a campaign's it matters what was deleted, and not what the account's plan would keep now; of a single message,
    which may have waited for long, whether it is there. Whoever deletes waits for this transaction, and this one saw
    behind that lock what is deleted.
    """
    today = now.astimezone(UTC).date()
    age_by_head = {head: (today - day_of(head)).days for head in {key[:13] for key in folded.patches}}
    if max(age_by_head.values()) <= 1:
        return 0
    ages = {key: age_by_head[key[:13]] for key in folded.patches}
    aged = {key for key, age in ages.items() if age > 1}
    if not aged:
        return 0
    cleared = retention.cleared_to(session, {folded.patches[key]["account_id"] for key in aged})
    old = {key for key in aged if _is_deleted(key, folded.patches[key], ages[key], cleared)}
    old -= retention.still_there(session, {key for key in old if not folded.patches[key].get("campaign_id")})
    if old:
        TOO_OLD.inc(len(old))
        folded.patches = {key: patch for key, patch in folded.patches.items() if key not in old}
        folded.history = {key: line for key, line in folded.history.items() if key[0] not in old}
        folded.engagements = {key: one for key, one in folded.engagements.items() if key[0] not in old}
        folded.labels = {key: one for key, one in folded.labels.items() if key not in old}
    return len(old)


def _is_deleted(message_id: str, patch: Patch, age: int, cleared: Mapping[str, UUID]) -> bool:
    last_id = cleared.get(patch["account_id"]) if patch.get("campaign_id") else None
    return age > kept_days(Channel(patch["channel"])) or (last_id is not None and UUID(message_id) <= last_id)


def _leave_erased_out(session: Session, folded: Folded) -> None:
    """Take people who were erased out of what the events say of messages made before: those known here and others."""
    with cursor_of(session) as cursor:
        concerned = erasures.accounts_with(cursor, {patch["account_id"] for patch in folded.patches.values()})
        if not concerned:
            return
        theirs = {key: patch for key, patch in folded.patches.items() if patch["account_id"] in concerned}
        addresses = {key: patch["address"] for key, patch in theirs.items() if patch.get("address")}
        erased = erasures.among(
            cursor, ((key, theirs[key]["account_id"], address) for key, address in addresses.items())
        )
    erased_before = people.erased_ids(session, theirs)
    for key in erased - erased_before:
        # What a person did may have come before the first event that says whose message it is.
        account_id = UUID(theirs[key]["account_id"])
        people.anonymise(session, account_id=account_id, message_ids=[UUID(key)], addresses=[addresses[key]])
    _anonymise(folded, erased | erased_before)


def _anonymise(folded: Folded, message_ids: set[str]) -> None:
    for key in message_ids:
        folded.labels.pop(key, None)
        folded.patches[key] |= {"address": ERASED_ADDRESS, "contact_id": None, "detail": None, "peer": None}
    for line_key, line in folded.history.items():
        if line_key[0] in message_ids:
            folded.history[line_key] = line._replace(detail=None, peer=None)
    for engagement_key, engagement in folded.engagements.items():
        if engagement_key[0] in message_ids:
            # A link that does not say its place may name the person; the click is counted all the same.
            url = None if engagement.number is None else engagement.url
            folded.engagements[engagement_key] = engagement._replace(ip=None, user_agent=None, url=url)


def _add_to_patches(
    folded: Folded, new: Iterable[Engagement], summaries: Mapping[str, Summary], tally: counting.Tally
) -> None:
    """Put what people did, and machines, into the patches of their messages, or count it at once."""
    for engagement in new:
        if engagement.kind in counting.SINGLE_ACTS and engagement.campaign_id is not None:
            of = UUID(engagement.account_id), UUID(engagement.campaign_id)
            counting.count_single_act(tally, *of, engagement.kind)
        column = _TIME_COLUMN.get(engagement.kind)
        if column is not None:
            patch = folded.patches[engagement.message_id]
            patch["is_engaged"] = True
            patch[column] = min(engagement.at, patch.get(column, engagement.at))
    for message_id, summary in summaries.items():
        folded.patches[message_id]["is_engaged"] = True
        folded.patches[message_id] |= {name: value for name, value in summary._asdict().items() if value is not None}


def _count_move(tally: counting.Tally, move: Move) -> None:
    if move.before is not None:
        counting.count(tally, move.origin, move.before, -1)
    counting.count(tally, move.origin, move.after, 1)


class Ingest:
    """Writes deliveries into one database."""

    def __init__(self, database: Database, *, hold_seconds: float = HOLD_SECONDS) -> None:
        self._database = database
        self._hold_seconds = hold_seconds
        self._known_ranges: set[tuple[str, str]] = set()
        self._crowds = Crowds()

    def write(self, batches: Iterable[list[dict[str, Any]]]) -> int:
        """Write batches of events in one transaction; returns the number of messages that they were about.

        The events' dictionaries are used up. Raises what the database raises, and then nothing was written.
        """
        folded = Folded()
        for events in batches:
            folded.add(events)
        if not folded.patches:
            return 0
        self._crowds.leave_out(folded)
        with self._database.transaction() as session:
            learnt = write(session, folded, self._known_ranges, now=datetime.now(UTC), hold_seconds=self._hold_seconds)
        if len(self._known_ranges) > 100_000:
            self._known_ranges.clear()
        self._known_ranges |= learnt
        self._crowds.learn(folded)
        _tell(folded)
        return len(folded.patches)


def _tell(folded: Folded) -> None:
    """The lines by which a campaign or a message is followed to its figures; see `channel.traces`."""
    by_campaign = Counter(patch.get("campaign_id") for patch in folded.patches.values())
    singles = by_campaign.pop(None, 0)
    for campaign_id, messages in by_campaign.items():
        line.info("campaign_counted", campaign_id=campaign_id, messages=messages)
    if singles:
        some = (message_id for message_id, patch in folded.patches.items() if not patch.get("campaign_id"))
        named = list(islice(some, MOST_NAMED))
        line.info("messages_counted", messages=named, more=singles - len(named))
