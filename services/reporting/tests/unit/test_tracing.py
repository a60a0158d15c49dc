"""Which lines are told of a message: those of its batch and its send, and none of its neighbours'."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import message_id
from reporting.domain.tracing import Traced, is_about, is_near

SEND, OTHER = UUID("0190a1b2-0000-7000-8000-000000000001"), UUID("0190a1b2-0000-7000-8000-000000000002")
CAMPAIGN = "0190a1b2-0000-7000-8000-0000000000cc"


def published(batch: str, first: int, last: int, send: UUID = SEND):
    ids = {"campaign_id": CAMPAIGN, "send_id": str(send), "batch_id": batch, "trace_id": "t-1"}
    return {"event": "batch_published", "first": first, "last": last, **ids}


@given(number=st.integers(1, 1500), order=st.permutations([0, 1, 2, 3]))
def test_of_a_campaign_the_one_batch_that_has_its_number(number, order):
    lines = [
        published("a", 1, 500),
        published("b", 501, 1000),
        published("c", 1001, 1500),
        published("d", 1, 999, OTHER),
    ]
    traced = Traced(message_id(SEND, number), CAMPAIGN)
    for place in order:
        traced.learn(lines[place])

    assert (traced.batch_id, traced.trace_id) == ("abc"[(number - 1) // 500], "t-1")
    settled = [{"event": "batch_settled", "trace_id": "t-1", "batch_id": batch} for batch in "abcd"]
    assert [line["batch_id"] for line in settled if is_about(traced, line)] == [traced.batch_id]


def test_of_a_single_message_its_request_and_its_own_end():
    traced = Traced(message_id(SEND, 0), None)
    taken = {
        "event": "sends_taken",
        "sends": [{"send_id": str(one), "trace_id": str(one)[-1]} for one in (OTHER, SEND)],
    }
    traced.learn(taken)

    assert (traced.send_id, traced.trace_id) == (str(SEND), "1")
    about = [
        taken,
        {"event": "request_answered", "trace_id": "1"},
        {"event": "messages_told_of", "messages": {str(message_id(SEND, 0)): "delivered"}},
        {"event": "messages_counted", "messages": [str(message_id(SEND, 0))]},
    ]
    strange = [
        {"event": "request_answered", "trace_id": "2"},
        {"event": "campaign_counted", "campaign_id": CAMPAIGN, "messages": 500},
        {"event": "messages_counted", "messages": [str(message_id(OTHER, 0))]},
    ]
    assert [line for line in about + strange if is_about(traced, line)] == about


def test_of_slices_of_a_campaign_those_after_something_happened_to_the_message():
    sent = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
    lines = [
        {"event": "campaign_counted", "timestamp": f"2026-11-30T12:00:{second:02}.5Z"} for second in range(0, 60, 4)
    ]

    assert [line["timestamp"][17:19] for line in lines if is_near(line, [sent])] == ["00", "04"]
    assert is_near({"event": "batch_settled", "timestamp": "2026-11-30T13:00:00Z"}, [sent])
