"""A campaign in the dispatcher's hands."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.dispatcher.lanes import batch_body
from campaigns.dispatcher.sends import Send
from campaigns.store.leases import Work
from contracts.errors import Unavailable
from contracts.vocabulary import CampaignState, Channel

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def work(**parts: Any) -> Work:
    usual = Work(
        id=UUID(int=1),
        account_id=UUID(int=2),
        name="Lato",
        channel=Channel.SMS,
        state=CampaignState.SENDING,
        sender="WICI",
        audience={},
        options={},
        time_zone="Europe/Warsaw",
        content_hash="ab",
        fields=[],
        trace_id="t",
        send_id=UUID(int=3),
        recipients=1000,
        dispatched_to=0,
        next_portion_at=None,
        counted=0,
    )
    return replace(usual, **parts)


def people(first: int, last: int) -> list[dict[str, Any]]:
    return [
        {"number": n, "contact_id": str(UUID(int=n)), "address": "+48", "fields": {}} for n in range(first, last + 1)
    ]


def answer(page: list[dict[str, Any]] | Exception) -> Future[list[dict[str, Any]]]:
    read: Future[list[dict[str, Any]]] = Future()
    if isinstance(page, Exception):
        read.set_exception(page)
    else:
        read.set_result(page)
    return read


def read(send: Send, page: list[dict[str, Any]], up_to: int) -> None:
    send.note_read(up_to, answer(page))
    send.take_reads()


@given(st.integers(0, 6000), st.sampled_from([500, 1500, 5000]), st.lists(st.floats(0, 20_000), min_size=1))
@settings(max_examples=80, deadline=None)
def test_everybody_goes_once_in_order_at_any_pace(recipients: int, page: int, paces: list[float]) -> None:
    send = Send(work(recipients=recipients))
    numbers: list[int] = []
    for turn in range(1000):
        if send.ended and not send.buffer:
            break
        send.counts.clear()
        send.counts.extend([(0.0, 0), (1.0, int(paces[turn % len(paces)]))])
        while wanted := send.next_read(page, NOON):
            send.note_read(sum(wanted), answer(people(wanted[0] + 1, sum(wanted))))
        assert send.reads or send.batches_ready(NOON, 0, 16), "it would wait for ever"
        send.take_reads()
        ready = send.batches_ready(NOON, 0, 16)
        batches = [send.cut(NOON) for _ in range(ready)]
        assert all(0 < len(batch) <= send.size for batch in batches)
        numbers += [recipient["number"] for batch in batches for recipient in batch]
    assert numbers == list(range(1, recipients + 1))


def test_nothing_is_ready_when_enough_is_in_flight() -> None:
    send = Send(work())
    read(send, people(1, 1000), 1000)
    assert send.batches_ready(NOON, 0, 16) == 5
    assert send.batches_ready(NOON, 450, 16) == 0


def test_batch_waits_until_it_is_full_unless_it_is_the_last() -> None:
    send = Send(work(recipients=150))
    read(send, people(1, 70), 70)
    assert send.batches_ready(NOON, 0, 16) == 0
    read(send, people(71, 150), 150)
    assert send.batches_ready(NOON, 0, 16) == 2


def test_audience_whose_people_were_erased_ends_all_the_same() -> None:
    send = Send(work(recipients=500))
    # Filled to its limit, the first page reaches beyond what was asked for.
    read(send, people(101, 350), 250)
    read(send, people(251, 300), 500)
    assert [recipient["number"] for recipient in send.buffer] == list(range(101, 301))
    assert send.ended and send.batches_ready(NOON, 0, 16) == 2


def test_pages_are_taken_in_order_and_asked_for_again_after_a_failure() -> None:
    send = Send(work(recipients=1500))
    slow: Future[list[dict[str, Any]]] = Future()
    send.note_read(500, slow)
    send.note_read(1000, answer(people(501, 1000)))
    send.take_reads()
    assert not send.buffer
    slow.set_exception(Unavailable("service.timeout", ""))
    with pytest.raises(Unavailable):
        send.take_reads()
    assert send.next_read(500, NOON) == (0, 500)


def test_throttled_campaign_goes_in_portions() -> None:
    send = Send(work(options={"throttle_per_hour": 36_000}))
    read(send, people(1, 1000), 1000)
    assert send.batches_ready(NOON, 0, 16) == 1 and len(send.cut(NOON)) == 10
    assert send.batches_ready(NOON + timedelta(seconds=0.5), 0, 16) == 0
    assert send.batches_ready(NOON + timedelta(seconds=1.1), 0, 16) == 1


def test_nothing_goes_in_quiet_hours_of_the_accounts_zone() -> None:
    send = Send(work(options={"quiet_hours": {"start": "13:00", "end": "13:01"}}))
    read(send, people(1, 1000), 1000)
    assert send.batches_ready(NOON, 0, 16) == 0
    assert send.batches_ready(NOON + timedelta(minutes=1), 0, 16) == 5


def test_zone_that_this_machine_does_not_know_stops_nobody() -> None:
    assert Send(work(time_zone="Mars/Olympus")).is_quiet(NOON) is False


def test_pace_is_what_the_channel_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("campaigns.dispatcher.sends.time.monotonic", lambda: now[0])
    send = Send(work())
    send.note(work())
    now[0] = 104.0
    send.note(work())
    assert send.per_second() is None, "waiting for the first report is no pace"
    for second in range(1, 20):
        now[0] = 104.0 + second
        send.note(work(counted=second * 1000))
        assert send.per_second() == pytest.approx(1000)


def test_same_batch_has_the_same_body() -> None:
    recipients = people(1, 3)
    body = batch_body(work(), UUID(int=9), recipients)
    assert body == batch_body(work(), UUID(int=9), people(1, 3))
    assert orjson.loads(body)["recipients"] == recipients
