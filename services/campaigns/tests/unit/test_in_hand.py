"""A campaign in the dispatcher's hands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import domain
from campaigns.dispatcher.in_hand import CampaignInHand
from campaigns.dispatcher.lanes import batch_body
from campaigns.store.leases import LeasedCampaign
from campaigns.usecases.dispatch import Page, Steps
from contracts.errors import Unavailable
from contracts.vocabulary import CampaignState, Channel, LeftOut

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def leased(**parts: Any) -> LeasedCampaign:
    usual = LeasedCampaign(
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


def answer(page: list[dict[str, Any]] | Exception, *left_out: tuple[int, str]) -> Future[Page]:
    read: Future[Page] = Future()
    if isinstance(page, Exception):
        read.set_exception(page)
    else:
        read.set_result(Page(page, list(left_out)))
    return read


def read(campaign: CampaignInHand, page: list[dict[str, Any]], up_to: int) -> None:
    campaign.note_read(up_to, answer(page))
    campaign.take_reads()


def test_a_reason_that_nobody_knows_makes_no_page() -> None:
    """A batch that bears it would be refused by the channel as a whole, and a count of it add up to nothing."""
    database: Any = None
    files: Any = None

    def page(reason: str) -> Page:
        said = {"recipients": people(1, 1), "left_out": {reason: [2]}}
        return Steps(database, lambda *_, **__: said, UUID(int=9), files).read_page(leased(), 0, 2)

    assert page("erased").left_out == [(2, "erased")]
    with pytest.raises(ValueError, match="moved away"):
        page("moved away")


@given(st.integers(0, 6000), st.sampled_from([500, 1500, 5000]), st.lists(st.floats(0, 20_000), min_size=1))
@settings(max_examples=80)
def test_everybody_goes_once_in_order_at_any_pace(recipients: int, page: int, paces: list[float]) -> None:
    campaign = CampaignInHand(leased(recipients=recipients))
    numbers: list[int] = []
    for turn in range(1000):
        if campaign.ended and not campaign.buffer:
            break
        campaign.counts.clear()
        campaign.counts.extend([(0.0, 0), (1.0, int(paces[turn % len(paces)]))])
        while next_read := campaign.next_read(page, NOON):
            campaign.note_read(sum(next_read), answer(people(next_read[0] + 1, sum(next_read))))
        assert campaign.reads or campaign.batches_ready(NOON, 0, 16), "it would wait for ever"
        campaign.take_reads()
        ready = campaign.batches_ready(NOON, 0, 16)
        batches = [campaign.cut(NOON) for _ in range(ready)]
        assert all(0 < len(batch) <= campaign.size for batch in batches)
        numbers += [recipient["number"] for batch in batches for recipient in batch]
    assert numbers == list(range(1, recipients + 1))


@given(st.integers(0, 900), st.sampled_from([100, 300]), st.sets(st.integers(1, 900)), st.integers(0, 899))
@settings(max_examples=80)
def test_everybody_is_in_a_batch_or_left_out_once(recipients: int, page: int, unwanted: set[int], start: int) -> None:
    """Also where it begins in the middle, after a crash."""
    unwanted = {number for number in unwanted if min(start, recipients) < number <= recipients}
    reasons = dict(zip(sorted(unwanted), list(LeftOut) * 200, strict=False))
    campaign = CampaignInHand(leased(recipients=recipients, dispatched_to=min(start, recipients)))
    sent: list[int] = []
    left_out: Counter[str] = Counter()
    while not campaign.is_through:
        while next_read := campaign.next_read(page, NOON):
            after, up_to = next_read[0], sum(next_read)
            wanted = [one for one in people(after + 1, up_to) if one["number"] not in unwanted]
            gone = [(number, reason) for number, reason in reasons.items() if after < number <= up_to]
            campaign.note_read(up_to, answer(wanted, *gone))
        campaign.take_reads()
        if campaign.is_moving_on:
            left_out.update(one.reason for one in campaign.take_left_out(campaign.read_to))
        for _ in range(campaign.batches_ready(NOON, 0, 16)):
            sent += [recipient["number"] for recipient in campaign.cut(NOON)]
            left_out.update(one.reason for one in campaign.take_left_out(sent[-1]))
    assert sent == [n for n in range(min(start, recipients) + 1, recipients + 1) if n not in unwanted]
    assert left_out == Counter(reasons.values())


def test_nothing_is_ready_when_enough_is_in_flight() -> None:
    campaign = CampaignInHand(leased())
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON, 0, 16) == 5
    assert campaign.batches_ready(NOON, 450, 16) == 0


def test_batch_waits_until_it_is_full_unless_it_is_the_last() -> None:
    campaign = CampaignInHand(leased(recipients=150))
    read(campaign, people(1, 70), 70)
    assert campaign.batches_ready(NOON, 0, 16) == 0
    read(campaign, people(71, 150), 150)
    assert campaign.batches_ready(NOON, 0, 16) == 2


def test_recipients_with_much_to_say_go_in_smaller_batches_and_pages() -> None:
    names = [f"f{number}" for number in range(100)]
    campaign = CampaignInHand(leased(recipients=1000, fields=names))
    wide = [one | {"fields": dict.fromkeys(names, "ł" * 1000)} for one in people(1, 500)]
    campaign.counts.extend([(0.0, 0), (1.0, 20_000)])

    assert campaign.next_read(5000, NOON) == (0, 500)
    read(campaign, wide, 500)
    assert campaign.batches_ready(NOON, 0, 16) == 1
    batch = campaign.cut(NOON)

    assert [one["number"] for one in batch] == list(range(1, 20))
    assert len(batch_body(campaign.leased, UUID(int=5), batch)) < 16 << 20


def test_audience_whose_people_were_erased_ends_all_the_same() -> None:
    campaign = CampaignInHand(leased(recipients=500))
    read(campaign, people(101, 250), 250)
    read(campaign, people(251, 300), 500)
    assert [recipient["number"] for recipient in campaign.buffer] == list(range(101, 301))
    assert campaign.ended and campaign.batches_ready(NOON, 0, 16) == 2


def test_pages_are_taken_in_order_and_asked_for_again_after_a_failure() -> None:
    campaign = CampaignInHand(leased(recipients=1500))
    slow: Future[Page] = Future()
    campaign.note_read(500, slow)
    campaign.note_read(1000, answer(people(501, 1000)))
    campaign.take_reads()
    assert not campaign.buffer
    slow.set_exception(Unavailable("service.timeout", ""))
    with pytest.raises(Unavailable):
        campaign.take_reads()
    assert campaign.next_read(500, NOON) == (0, 500)


def test_throttled_campaign_goes_in_portions() -> None:
    campaign = CampaignInHand(leased(options={"throttle_per_hour": 36_000}))
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON, 0, 16) == 1 and len(campaign.cut(NOON)) == 10
    assert campaign.batches_ready(NOON + timedelta(seconds=0.5), 0, 16) == 0
    assert campaign.batches_ready(NOON + timedelta(seconds=1.1), 0, 16) == 1


def test_nothing_goes_in_quiet_hours_of_the_accounts_zone() -> None:
    campaign = CampaignInHand(leased(options={"quiet_hours": {"start": "13:00", "end": "13:01"}}))
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON, 0, 16) == 0
    # Whoever does something until then is judged by it: nobody is read before.
    assert not campaign.buffer and campaign.next_read(5_000, NOON + timedelta(seconds=59)) is None
    assert campaign.next_read(5_000, NOON + timedelta(minutes=1)) == (0, 1000)
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON + timedelta(minutes=1), 0, 16) == 5


def test_quiet_hours_of_the_account_hold_what_is_being_sent_from_the_next_look_on() -> None:
    campaign = CampaignInHand(leased())
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON, 0, 16) == 5
    campaign.note(leased(account_quiet_hours={"start": "13:00", "end": "14:00"}))
    assert campaign.batches_ready(NOON, 0, 16) == 0 and campaign.next_read(5_000, NOON) is None
    campaign.note(leased(account_quiet_hours=None))
    assert campaign.next_read(5_000, NOON) == (0, 1000)


def test_each_recipient_waits_for_their_own_hour() -> None:
    """18:00 is first in Tokyo, then in Warsaw, which is also the zone of who names none, then in New York."""
    zones = ["Asia/Tokyo"] * 3 + ["Europe/Warsaw"] * 2 + ["Moon/Base", None] + ["America/New_York"] * 3
    numbered = people(1, 10)
    for person, zone in zip(numbered, zones, strict=True):
        person["fields"] = {"zone": zone} if zone else {}
    evening = datetime.fromisoformat("2026-11-24T18:00")
    own = {"options": {"time_zone_field": "zone"}, "recipients": 10, "local_at": evening}
    campaign = CampaignInHand(leased(**own))
    gone: dict[int, datetime] = {}
    now = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    while not campaign.is_through:
        if following := campaign.next_read(5_000, now):
            campaign.note_read(sum(following), answer(numbered[following[0] :]))
            campaign.take_reads()
        for _ in range(campaign.batches_ready(now, 0, 16)):
            for person in campaign.cut(now):
                gone[person["number"]] = now
                campaign.dispatched_to = person["number"]
        now += timedelta(minutes=5)
    hours = [moment.hour for moment in gone.values()]
    assert list(gone) == list(range(1, 11)) and hours == [9] * 3 + [17] * 4 + [23] * 3


def test_names_of_no_zone_are_not_looked_for_on_the_disk_nor_zones_of_more_than_can_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fields are what a customer writes: whoever names a million zones that there are not holds nobody else up."""
    assert domain.zone_named("Moon/Base") is None  # the names that there are have been read
    looked_up = Counter[str]()
    monkeypatch.setattr(CampaignInHand, "zone_for", _counting(CampaignInHand.zone_for, looked_up))
    quiet = {"start": "21:00", "end": "08:00"}
    campaign = CampaignInHand(leased(options={"time_zone_field": "zone", "quiet_hours": quiet}, recipients=5000))
    numbered = people(1, 5000)
    for person, zone in zip(numbered, ["../../etc/passwd", "", "x" * 1000, *map(str, range(4997))], strict=True):
        person["fields"] = {"zone": zone}
    read(campaign, numbered, 5000)
    monkeypatch.setattr("campaigns.domain.times.ZoneInfo", lambda name: pytest.fail(f"looked for {name!r}"))

    ready = campaign.batches_ready(NOON, 0, 4) * campaign.size
    assert 0 < ready == looked_up.total() < 5000
    assert campaign.batches_ready(NOON, ready, 4) == 0
    assert looked_up.total() == ready + 1


def _counting(function: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    def counted(*arguments: Any) -> Any:
        calls[function.__name__] += 1
        return function(*arguments)

    return counted


def test_zone_that_this_machine_does_not_know_stops_nobody() -> None:
    campaign = CampaignInHand(leased(time_zone="Mars/Olympus"))
    read(campaign, people(1, 1000), 1000)
    assert campaign.batches_ready(NOON, 0, 16) == 5


def test_pace_is_what_the_channel_settles(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("campaigns.dispatcher.in_hand.time.monotonic", lambda: now[0])
    campaign = CampaignInHand(leased())
    campaign.note(leased())
    now[0] = 104.0
    campaign.note(leased())
    assert campaign.per_second() is None, "waiting for the first report is no pace"
    for second in range(1, 20):
        now[0] = 104.0 + second
        campaign.note(leased(counted=second * 1000))
        assert campaign.per_second() == pytest.approx(1000)


def test_same_batch_has_the_same_body() -> None:
    recipients = people(1, 3)
    body = batch_body(leased(), UUID(int=9), recipients)
    assert body == batch_body(leased(), UUID(int=9), people(1, 3))
    assert orjson.loads(body)["recipients"] == recipients


@given(st.integers(60, 700), st.integers(2, 5), st.sampled_from([None, 36_000, 200_000]), st.data())
@settings(deadline=None)
def test_batches_of_a_test_have_one_variant_each_and_the_rest_waits_for_the_winner(
    each: int, variants: int, throttle: int | None, data: st.DataObject
) -> None:
    """Whoever is left out, at any pace: everybody else is in one batch, and each batch has one content."""
    total = each * variants + data.draw(st.integers(0, 300))
    gone = data.draw(st.sets(st.integers(1, total), max_size=total // 2))
    test = {
        "ab_test": {"names": [str(place) for place in range(variants)]},
        "variant_size": each,
        "variant_hashes": [f"content-{place}" for place in range(variants)],
        "options": {"throttle_per_hour": throttle},
    }
    campaign = CampaignInHand(leased(recipients=total, **test))
    split = campaign.leased.split
    assert split is not None
    sent: dict[int, str] = {}
    now = NOON
    while not (campaign.is_through and campaign.leased.winner is not None):
        if campaign.is_tested:
            assert set(sent) == set(range(1, split.tested + 1)) - gone
            campaign.note(replace(campaign.leased, winner=1))
        while following := campaign.next_read(5_000, now):
            after, limit = following
            numbers = range(after + 1, after + limit + 1)
            page = [person for person in people(after + 1, after + limit) if person["number"] not in gone]
            campaign.note_read(after + limit, answer(page, *((one, "archived") for one in numbers if one in gone)))
        campaign.take_reads()
        for _ in range(campaign.batches_ready(now, 0, 16)):
            recipients = campaign.cut(now)
            contents = {campaign.leased.content_hash_for(one["number"]) for one in recipients}
            assert len(contents) == 1
            for one in recipients:
                assert one["number"] not in sent
                sent[one["number"]] = str(*contents)
            campaign.take_left_out(recipients[-1]["number"])
        if campaign.is_moving_on:
            campaign.take_left_out(campaign.read_to)
        now += timedelta(seconds=2)
    assert set(sent) == set(range(1, total + 1)) - gone
    assert all(
        content == f"content-{split.variant_of(number) or 0}"
        for number, content in sent.items()
        if number <= split.tested
    )
    assert {content for number, content in sent.items() if number > split.tested} <= {"content-1"}
