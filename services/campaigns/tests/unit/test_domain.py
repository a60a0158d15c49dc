"""The rules: what may become what, when, how fast, and whose turn it is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import domain
from campaigns.domain import QuietHours, Throttle, Turn, Windows
from contracts.errors import Conflict, Invalid
from contracts.vocabulary import CampaignState, Channel

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WARSAW = "Europe/Warsaw"

modest = settings(max_examples=80)


# --- States


def test_only_final_states_lead_nowhere() -> None:
    assert set(domain.NEXT) == set(CampaignState)
    assert {CampaignState.SENT, CampaignState.CANCELLED, CampaignState.FAILED} == domain.FINAL


@given(st.lists(st.sampled_from(CampaignState), max_size=20))
@modest
def test_no_path_leads_out_of_an_end_nor_back_to_draft_from_what_is_being_sent(wishes: list[CampaignState]) -> None:
    state = CampaignState.DRAFT
    for wanted in wishes:
        try:
            domain.ensure_can_become(state, wanted)
        except Conflict as refused:
            assert refused.extra["state"] == state
            continue
        assert state not in domain.FINAL
        assert wanted is not CampaignState.DRAFT or state in (CampaignState.SCHEDULED, CampaignState.PAUSED)
        state = wanted


def test_sent_campaign_says_that_it_was_sent() -> None:
    with pytest.raises(Conflict) as refused:
        domain.ensure_can_become(CampaignState.SENT, CampaignState.CANCELLED)
    assert refused.value.code == "campaign.already_sent"


def test_draft_is_not_resumed_into_a_schedule() -> None:
    with pytest.raises(Conflict):
        domain.ensure_paused(CampaignState.DRAFT, CampaignState.SCHEDULED)


# --- Completeness


def test_everything_that_is_missing_is_named_at_once() -> None:
    missing = domain.missing_content(Channel.EMAIL, None, {"subject": "  "}) + domain.missing_audience({"groups": []})
    with pytest.raises(Invalid) as refused:
        domain.ensure_complete(missing)
    assert [error["field"] for error in refused.value.errors] == [
        "sender",
        "content.subject",
        "content.html",
        "audience",
    ]


def test_channels_own_variables_are_not_asked_of_contacts() -> None:
    assert domain.contact_fields(Channel.EMAIL, ["unsubscribe_url", "city", "city"]) == ["city"]
    assert domain.contact_fields(Channel.SMS, ["unsubscribe_url"]) == ["unsubscribe_url"]


# --- When


def test_time_without_offset_is_the_accounts_local_time() -> None:
    assert domain.send_at(datetime.fromisoformat("2026-12-24T18:00"), WARSAW, NOON) == datetime(
        2026, 12, 24, 17, tzinfo=UTC
    )
    assert domain.send_at(datetime.fromisoformat("2027-07-01T18:00"), WARSAW, NOON) == datetime(
        2027, 7, 1, 16, tzinfo=UTC
    )
    assert domain.send_at(None, WARSAW, NOON) == NOON


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("2027-03-28T01:59", "2027-03-28T00:59Z"),
        ("2027-03-28T02:00", None),
        ("2027-03-28T02:59:59", None),
        ("2027-03-28T03:00", "2027-03-28T01:00Z"),
        ("2027-03-28T02:30+01:00", "2027-03-28T01:30Z"),  # a moment, whatever clocks show then
        ("2027-10-31T02:30", "2027-10-31T00:30Z"),
        ("2027-10-31T02:30+02:00", "2027-10-31T00:30Z"),
        ("2027-10-31T02:30+01:00", "2027-10-31T01:30Z"),
    ],
)
def test_the_hour_that_is_not_there_is_refused_and_of_the_one_that_comes_twice_it_is_the_first(
    at: str, moment: str | None
) -> None:
    if moment is not None:
        assert domain.send_at(datetime.fromisoformat(at), WARSAW, NOON) == datetime.fromisoformat(moment)
        return
    with pytest.raises(Invalid) as refused:
        domain.send_at(datetime.fromisoformat(at), WARSAW, NOON)
    assert refused.value.code == "schedule.no_such_time" and refused.value.errors[0]["field"] == "at"
    assert at[11:16] in refused.value.detail


@given(
    st.datetimes(
        datetime.fromisoformat("2026-12-01T00:00"), datetime.fromisoformat("2027-11-22T00:00"), timezones=st.none()
    )
)
@modest
def test_a_local_time_is_what_clocks_show_when_it_goes(at: datetime) -> None:
    try:
        moment = domain.send_at(at, WARSAW, NOON)
    except Invalid as refused:
        assert refused.code == "schedule.no_such_time" and (at.month, at.day, at.hour) == (3, 28, 2)
    else:
        assert moment.astimezone(ZoneInfo(WARSAW)).replace(tzinfo=None, fold=0) == at.replace(fold=0)


@pytest.mark.parametrize("away", [timedelta(minutes=-6), timedelta(days=367)])
def test_time_that_has_passed_or_is_too_far_is_refused(away: timedelta) -> None:
    with pytest.raises(Invalid):
        domain.send_at(NOON + away, WARSAW, NOON)


@given(st.datetimes(timezones=st.none() | st.timezones()))
@modest
def test_any_time_is_taken_or_refused(at: datetime) -> None:
    try:
        moment = domain.send_at(at, WARSAW, NOON)
    except Invalid as refused:
        assert refused.errors[0]["field"] == "at"
    else:
        assert NOON - timedelta(minutes=5) <= moment <= NOON + timedelta(days=366)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00", "9999-12-31T23:59:59-12:00"])
def test_ends_of_the_calendar_are_refused(at: str) -> None:
    with pytest.raises(Invalid):
        domain.send_at(datetime.fromisoformat(at), WARSAW, NOON)


def test_quiet_hours_span_midnight_and_a_change_of_clocks() -> None:
    night = QuietHours(time(21), time(8))
    zone = ZoneInfo(WARSAW)
    assert domain.is_quiet(night, datetime(2026, 11, 24, 21, 0, tzinfo=zone))
    assert domain.is_quiet(night, datetime(2026, 11, 25, 7, 59, 59, tzinfo=zone))
    assert not domain.is_quiet(night, datetime(2026, 11, 25, 8, 0, tzinfo=zone))
    # 29 March 2026: 02:00 becomes 03:00; 06:00 UTC is 08:00 in Warsaw from then on, and 07:00 before.
    assert domain.is_quiet(night, datetime(2026, 3, 28, 6, 30, tzinfo=UTC).astimezone(zone))
    assert not domain.is_quiet(night, datetime(2026, 3, 29, 6, 30, tzinfo=UTC).astimezone(zone))


@pytest.mark.parametrize(
    ("zone", "local", "moment", "shown"),
    [
        # The hour that does not exist: 02:30 is what the clocks show instead, 03:30.
        (WARSAW, "2027-03-28T02:30", "2027-03-28T01:30", "03:30"),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:30", "03:30"),
        # The hour that exists twice: the first.
        (WARSAW, "2027-10-31T02:30", "2027-10-31T00:30", "02:30"),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30", "01:30"),
        # Half-hour zones, and the date line.
        ("Australia/Lord_Howe", "2027-10-03T02:15", "2027-10-02T15:45", "02:45"),
        ("Pacific/Kiritimati", "2027-01-01T00:00", "2026-12-31T10:00", "00:00"),
    ],
)
def test_moment_of_a_local_time_in_a_recipients_zone(zone: str, local: str, moment: str, shown: str) -> None:
    found = domain.moment_in(datetime.fromisoformat(local), ZoneInfo(zone))
    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert f"{found.astimezone(ZoneInfo(zone)):%H:%M}" == shown


@pytest.mark.parametrize(
    ("zone", "quiet", "before", "opens"),
    [
        # Quiet until 02:30, which is left out: they end with the hour that is missing.
        (WARSAW, ("22:00", "02:30"), "2027-03-28T00:30", "2027-03-28T01:00"),
        ("America/New_York", ("22:00", "02:30"), "2027-03-14T06:30", "2027-03-14T07:00"),
        # Until 02:30 (01:30), which comes twice: they end the first time, and the clock is quiet once more after that.
        (WARSAW, ("22:00", "02:30"), "2027-10-30T23:30", "2027-10-31T00:30"),
        (WARSAW, ("22:00", "02:30"), "2027-10-31T01:10", "2027-10-31T01:30"),
        ("America/New_York", ("22:00", "01:30"), "2027-11-07T05:00", "2027-11-07T05:30"),
        ("America/New_York", ("22:00", "01:30"), "2027-11-07T06:10", "2027-11-07T06:30"),
    ],
)
def test_quiet_hours_end_by_the_clock_in_the_nights_when_it_is_changed(
    zone: str, quiet: tuple[str, str], before: str, opens: str
) -> None:
    hours = domain.hours_of({"start": quiet[0], "end": quiet[1]})
    now = datetime.fromisoformat(before).replace(tzinfo=UTC)
    assert not hours.is_open(ZoneInfo(zone), now)
    assert hours.opens_at(ZoneInfo(zone), now) == datetime.fromisoformat(opens).replace(tzinfo=UTC)


@given(
    st.sampled_from([WARSAW, "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.lists(st.tuples(st.times(), st.times()), max_size=2),
    st.datetimes(datetime.fromisoformat("2027-01-01T00:00"), datetime.fromisoformat("2028-01-01T00:00")),
    st.none() | st.datetimes(datetime.fromisoformat("2027-01-01T00:00"), datetime.fromisoformat("2028-01-01T00:00")),
)
@modest
def test_first_open_moment_is_open_and_nothing_before_it_is(
    name: str, spans: list[tuple[time, time]], now: datetime, local_at: datetime | None
) -> None:
    zone, moment = ZoneInfo(name), now.replace(tzinfo=UTC)
    written = [{"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"} for start, end in spans]
    hours = domain.hours_of(*written, local_at=local_at)
    opens = hours.opens_at(zone, moment)
    assert opens >= moment
    if not hours.never_open:
        assert hours.is_open(zone, opens)
        earlier = opens - timedelta(minutes=1)
        assert earlier < moment or not hours.is_open(zone, earlier)


def test_campaign_for_all_zones_begins_where_the_hour_comes_first() -> None:
    at = datetime.fromisoformat("2026-11-26T09:00")
    assert domain.when(at, WARSAW, NOON, in_own_zones=False) == (datetime(2026, 11, 26, 8, 0, tzinfo=UTC), None)
    assert domain.when(at, WARSAW, NOON, in_own_zones=True) == (datetime(2026, 11, 25, 19, 0, tzinfo=UTC), at)
    tonight = datetime.fromisoformat("2026-11-24T20:00")
    assert domain.when(tonight, WARSAW, NOON, in_own_zones=True) == (NOON, tonight)
    offset = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    assert domain.when(offset, WARSAW, NOON, in_own_zones=True) == (offset, None)
    with pytest.raises(Invalid):
        domain.when(datetime.fromisoformat("2026-11-24T09:00"), WARSAW, NOON, in_own_zones=True)


def test_quiet_hours_that_leave_no_minute_are_known() -> None:
    day, night = {"start": "08:00", "end": "20:00"}, {"start": "20:00", "end": "08:00"}
    assert domain.hours_of(day, night).never_open and not domain.hours_of(day).never_open


@given(st.times(), st.times(), st.times())
@modest
def test_moment_is_quiet_in_exactly_one_of_two_complementary_spans(start: time, end: time, now: time) -> None:
    if start == end:
        return
    local = datetime.combine(NOON.date(), now)
    assert domain.is_quiet(QuietHours(start, end), local) != domain.is_quiet(QuietHours(end, start), local)


# --- How fast


@given(
    per_hour=st.integers(60, 200_000),
    steps=st.lists(st.floats(0.01, 400), min_size=1, max_size=400),
)
@modest
def test_no_hour_has_more_than_the_throttle_allows(per_hour: int, steps: list[float]) -> None:
    sent = _run(Throttle(per_hour), steps)
    for start, _ in sent:
        assert sum(count for at, count in sent if start <= at < start + timedelta(hours=1)) <= per_hour


@pytest.mark.parametrize("per_hour", [60, 61, 1000, 3600, 7199, 200_000])
def test_busy_dispatcher_comes_close_to_the_throttle_and_never_over(per_hour: int) -> None:
    sent = _run(Throttle(per_hour), [0.25] * (4 * 2 * 3600))
    total = sum(count for at, count in sent if NOON + timedelta(hours=1) <= at < NOON + timedelta(hours=2))
    assert 0.97 * per_hour <= total <= per_hour


def test_pause_is_not_made_up_for() -> None:
    throttle = Throttle(3600)
    later = NOON + timedelta(hours=5)
    assert throttle.after(NOON, later, 1) > later - timedelta(seconds=1)


def _run(throttle: Throttle, steps: list[float]) -> list[tuple[datetime, int]]:
    """What goes when a dispatcher looks after each of `steps` seconds and takes all it may."""
    now, next_at, sent = NOON, None, []
    for step in steps:
        now += timedelta(seconds=step)
        while count := throttle.allowed(next_at, now):
            sent.append((now, count))
            next_at = throttle.after(next_at, now, count)
    return sent


# --- How much at a time


@given(st.sampled_from(Channel), st.none() | st.floats(0, 10**6), st.integers(1, 64))
@modest
def test_what_is_in_flight_fits_the_window_in_a_few_batches(channel: Channel, rate: float | None, window: int) -> None:
    allowed = domain.in_flight_allowed(channel, rate, window)
    size = domain.batch_size(allowed)
    assert 500 <= allowed <= window * 500 and 50 <= size <= 500
    assert allowed // size >= 1 and (allowed < 1000 or allowed // size >= 2)


def test_slow_carrier_is_given_little_and_a_fast_one_the_whole_window() -> None:
    assert domain.in_flight_allowed(Channel.SMS, 100.0, 16) == 500  # five seconds of it
    assert domain.in_flight_allowed(Channel.SMS, 20_000.0, 16) == 8_000
    assert domain.batch_size(500) == 100 and domain.batch_size(8_000) == 500


# --- Whose turn


accounts = st.sampled_from([UUID(int=number) for number in range(1, 6)])
turns = st.builds(
    lambda account, ready, flying, channel: Turn(uuid4(), account, channel, ready, flying),
    accounts,
    st.integers(0, 40),
    st.integers(0, 20),
    st.sampled_from(Channel),
)
windows = st.builds(
    Windows,
    campaign=st.integers(1, 16),
    account=st.integers(1, 32),
    channel=st.integers(1, 96),
    guaranteed=st.integers(0, 2),
)


def _flying(given_turns: list[Turn]) -> Counter[tuple[UUID, Channel]]:
    held: Counter[tuple[UUID, Channel]] = Counter()
    for turn in given_turns:
        held[turn.account_id, turn.channel] += turn.in_flight
    return held


@given(st.lists(turns, max_size=15), windows)
@modest
def test_no_window_is_exceeded_and_nothing_is_invented(given_turns: list[Turn], limits: Windows) -> None:
    before = _flying(given_turns)
    order = Counter(domain.fair_order(given_turns, before, limits))
    after = Counter(before)
    for turn in given_turns:
        taken = order[turn.campaign_id]
        after[turn.account_id, turn.channel] += taken
        assert taken <= turn.ready and (not taken or turn.in_flight + taken <= limits.campaign)
    for key, held in after.items():
        assert held == before[key] or held <= limits.account
    for channel in Channel:
        total = sum(held for (_, of), held in after.items() if of is channel)
        grown = [key for key in after if key[1] is channel and after[key] > before[key]]
        assert (
            total <= limits.channel
            or all(after[key] <= limits.guaranteed for key in grown)
            or (total - limits.channel <= limits.guaranteed * len(grown))
        )


@given(st.lists(turns, max_size=15), windows)
@modest
def test_no_slot_stays_empty_that_somebody_could_use(given_turns: list[Turn], limits: Windows) -> None:
    before = _flying(given_turns)
    order = Counter(domain.fair_order(given_turns, before, limits))
    held = Counter(before)
    for turn in given_turns:
        held[turn.account_id, turn.channel] += order[turn.campaign_id]
    for turn in given_turns:
        total = sum(count for (_, channel), count in held.items() if channel is turn.channel)
        of_account = held[turn.account_id, turn.channel]
        taken = order[turn.campaign_id]
        assert (
            taken >= turn.ready
            or turn.in_flight + taken >= limits.campaign
            or of_account >= limits.account
            or (total >= limits.channel and of_account >= limits.guaranteed)
        )


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(4, 60))
@modest
def test_accounts_share_a_channel_evenly(campaigns_each: list[int], channel_window: int) -> None:
    limits = Windows(campaign=16, account=96, channel=channel_window, guaranteed=0)
    given_turns = [
        Turn(uuid4(), UUID(int=account), Channel.SMS, 100, 0)
        for account, count in enumerate(campaigns_each, 1)
        for _ in range(count)
    ]
    account_of = {turn.campaign_id: turn.account_id for turn in given_turns}
    slots = Counter(account_of[campaign_id] for campaign_id in domain.fair_order(given_turns, {}, limits))
    # Somebody with one campaign has its window for a limit; the others differ by one slot at most.
    unlimited = [slots[UUID(int=number)] for number, count in enumerate(campaigns_each, 1) if count > 5]
    assert all(abs(one - other) <= 1 for one, other in pairwise(unlimited))


def test_newcomer_gets_its_slots_although_the_channel_is_full() -> None:
    full = {(UUID(int=1), Channel.SMS): 96}
    newcomer = Turn(uuid4(), UUID(int=2), Channel.SMS, 5, 0)
    assert domain.fair_order([newcomer], full, Windows()) == [newcomer.campaign_id] * 2


# --- Ids


def test_ids_are_the_same_however_often_they_are_made() -> None:
    campaign_id = uuid4()
    assert domain.reservation_id(campaign_id) == domain.reservation_id(campaign_id)
    assert domain.reservation_id(campaign_id) != domain.snapshot_id(campaign_id)
    assert domain.id_for_request(UUID(int=1), "k", "campaign") != domain.id_for_request(UUID(int=2), "k", "campaign")
