"""What the log tells of batches: ids and counts, one line a campaign's batch, one for single sends together."""

from __future__ import annotations

from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from channel import traces
from channel.batches import Batch, Header
from channel.traces import MOST_NAMED
from contracts.vocabulary import Lane, MessageState

ADDRESS = "+48601000001"


def header(campaign_id: str | None = None, trace_id: str = "t") -> Header:
    ids = {name: str(uuid4()) for name in ("batch_id", "account_id", "send_id")}
    return Header({**ids, "campaign_id": campaign_id, "content_hash": "c", "trace_id": trace_id}, Lane.BULK)


@pytest.mark.parametrize("singles", [0, 1, MOST_NAMED + 7])
def test_a_line_for_each_batch_of_a_campaign_and_one_for_all_single_sends(singles: int) -> None:
    of_campaign, alone = header(str(uuid4())), [header(trace_id=str(n)) for n in range(singles)]
    with capture_logs() as lines:
        traces.batches_taken([(of_campaign, 500), *((each, 1) for each in alone)])

    batch, *rest = lines
    assert (batch["event"], batch["batch_id"], batch["recipients"]) == ("batch_taken", of_campaign.batch_id, 500)
    assert [line["event"] for line in rest] == ["sends_taken"] * bool(singles)
    for line in rest:
        assert [send["trace_id"] for send in line["sends"]] == [str(n) for n in range(min(singles, MOST_NAMED))]
        assert len(line["sends"]) + line["more"] == singles


def test_a_settled_batch_is_told_with_its_outcomes() -> None:
    batch = Batch(header(str(uuid4())), None, 3)
    for state in (MessageState.SUBMITTED, MessageState.UNKNOWN, MessageState.REJECTED):
        batch.settle(state)
    with capture_logs() as lines:
        traces.batches_settled([batch])

    (line,) = lines
    assert (line["submitted"], line["failed"], line["deferred"], line["left_out"]) == (2, 1, 0, 0)


def test_receipts_are_counted_by_campaign_and_no_address_is_told() -> None:
    of = [{"message_id": str(uuid4()), "campaign_id": "c", "kind": "delivered", "address": ADDRESS} for _ in range(3)]
    single = {"message_id": "m", "campaign_id": None, "kind": "expired", "address": ADDRESS}
    with capture_logs() as lines:
        traces.told_later([*of, single])

    campaign, message = lines
    assert (campaign["event"], campaign["campaign_id"], campaign["delivered"]) == ("campaign_told_of", "c", 3)
    assert (message["messages"], message["more"]) == ({"m": "expired"}, 0)
    assert ADDRESS not in str(lines)
