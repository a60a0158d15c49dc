"""Lines of the log by which a batch is followed through an outbound process: taken, settled, told of by receipts.

One line a batch of a campaign, and one for all single sends that came or ended together: a line each would cost as
much as sending them. Ids and counts, never an address or a text.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from channel.batches import Batch, Header
from channel.ports import Event
from chassis import spans
from chassis.logs import get_logger

# Of more single messages than these that are told of together, the line counts the others.
MOST_NAMED = 100

log = get_logger()


def batches_taken(batches: Sequence[tuple[Header, int]]) -> None:
    """Batches came from a lane; each with how many recipients it has."""
    singles = []
    for header, recipients in batches:
        if header.campaign_id:
            log.info("batch_taken", **_ids(header), recipients=recipients)
        else:
            singles.append((header, recipients))
    if singles:
        named = [{**_single_ids(header), "recipients": recipients} for header, recipients in singles[:MOST_NAMED]]
        log.info("sends_taken", sends=named, more=len(singles) - len(named))


def batches_settled(batches: Iterable[Batch]) -> None:
    """Each of their recipients has an outcome on disk: what the carrier answered, or why nothing left."""
    singles = []
    for batch in batches:
        if spans.is_on():
            _record(batch)
        if batch.header.campaign_id:
            log.info("batch_settled", **_ids(batch.header), **_outcome(batch))
        else:
            singles.append(batch)
    if singles:
        named = [{**_single_ids(batch.header), **_outcome(batch)} for batch in singles[:MOST_NAMED]]
        log.info("sends_settled", sends=named, more=len(singles) - len(named))


def _record(batch: Batch) -> None:
    header = batch.header
    spans.record(
        f"{header.lane} batch", spans.Kind.CONSUMER, request_id=header.trace_id, started=header.taken_at,
        parent=spans.id_of(header.batch_id) if header.campaign_id else None,
        facts={"send_id": header.send_id, "batch_id": header.batch_id, **_outcome(batch)},
    )  # fmt: skip


def told_later(events: Sequence[Event]) -> None:
    """What receipts and bounces told of messages that had left before, on disk now."""
    by_campaign: defaultdict[str, Counter[str]] = defaultdict(Counter)
    singles: dict[str, str] = {}
    for event in events:
        if event.get("campaign_id"):
            by_campaign[str(event["campaign_id"])][str(event.get("kind"))] += 1
        elif event.get("message_id"):
            singles[str(event["message_id"])] = str(event.get("kind"))
    for campaign_id, kinds in by_campaign.items():
        log.info("campaign_told_of", campaign_id=campaign_id, **kinds)
    if singles:
        named = dict(list(singles.items())[:MOST_NAMED])
        log.info("messages_told_of", messages=named, more=len(singles) - len(named))


def _ids(header: Header) -> dict[str, Any]:
    return {
        "trace_id": header.trace_id or None,
        "account_id": header.account_id,
        "campaign_id": header.campaign_id,
        "send_id": str(header.send_id),
        "batch_id": header.batch_id,
        "lane": header.lane,
    }


def _single_ids(header: Header) -> dict[str, Any]:
    return {"trace_id": header.trace_id or None, "send_id": str(header.send_id)}


def _outcome(batch: Batch) -> dict[str, int]:
    counts = {"submitted": batch.submitted, "failed": batch.failed, "deferred": batch.deferred}
    return {**counts, "left_out": sum(batch.left_out.values())}
