"""The dispatcher on a real broker and database: everything once, whatever breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from campaigns import domain
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.testing import wait_until
from contracts import events, lanes
from contracts.errors import NotFound
from contracts.vocabulary import Channel, Lane, LeftOut

from .conftest import is_let_go
from .neighbours import reason_of


def expected(recipients: int) -> dict[str, int]:
    """What the stand-in channel has made of recipients 1 to N in the end: every 10th fails, who waited was sent to."""
    failed = recipients // 10
    return {
        "recipients": recipients,
        "published": recipients,
        "submitted": recipients - failed,
        "failed": failed,
        "deferred": 0,
        "left_out": dict.fromkeys(LeftOut, 0),
        "left_lists": 0,
        "to_come": 0,
    }


def numbers_seen(channel: Any, send_id: str | None = None) -> set[int]:
    sends = [send_id] if send_id else list(channel.seen)
    # Copied at once: another thread takes in more.
    return {number for send in sends for number in tuple(channel.seen[send])}


def test_campaign_reaches_everybody_once_and_settles_its_quota(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(1234)
    dispatcher()

    sent = owner.wait_for(campaign_id, "sent")

    assert sent["progress"] == expected(1234) and sent["started_at"] and sent["finished_at"]
    (send_id,) = channel.seen
    assert channel.seen[send_id] == dict.fromkeys(range(1, 1235), 1)
    first = orjson.loads(next(iter(channel.bodies.values())).copy().pop())
    assert first["recipients"][0]["fields"] == {"first_name": "first_name-1"}

    def settled() -> Any:
        with database.transaction() as session:
            return session.scalar(text("SELECT settled_at FROM campaigns WHERE id = :id"), {"id": campaign_id})

    wait_until(settled, what="settling")
    looked = owner.look()
    held = looked["reservations"][str(reservation(campaign_id))]
    assert held == {
        "reserved": 1234,
        "used": sent["progress"]["submitted"] + sent["progress"]["deferred"],
        "released": 1,
    }
    assert str(snapshot(campaign_id)) not in looked["snapshots"]


@pytest.mark.parametrize(
    ("words", "small_quota", "recipients", "reserved", "each"),
    [
        ("LONG", False, 1234, 3 * 1234, 3),
        ("LONGER", False, 1234, 3 * 1234, 4),  # more than was reserved
        ("LONGER", True, 300, 900, 4),  # and than the account has: 1,080 of 1,000
    ],
)
def test_parts_are_settled_as_the_channel_counted_them(
    caller: Callable, channel: Any, dispatcher: Callable, words: str, small_quota: bool, recipients: int,
    reserved: int, each: int,
) -> None:  # fmt: skip
    """Two dispatchers; what the account has not is told of, and the campaign is settled all the same."""
    owner = caller(small_quota=small_quota)
    campaign_id = owner.scheduled(recipients, content={"text": words + " {{ first_name }}"})
    running = [dispatcher() for _ in range(2)]

    owner.wait_for(campaign_id, "sent")
    wait_until(lambda: released(owner, campaign_id), what="the release")

    held = owner.look()["reservations"][str(reservation(campaign_id))]
    submitted = owner("get_campaign", campaign_id=campaign_id)["progress"]["submitted"]
    took = submitted * each
    assert held == {"reserved": reserved, "used": min(took, 1_000) if small_quota else took, "released": 1}
    assert any("quota_exceeded" in each.log_tail(2_000) for each in running) is (small_quota and took > 1_000)


def test_what_takes_more_units_than_the_sample_has_more_reserved_as_it_goes(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    """Two dispatchers: nothing is paused where the account has enough, and more than was taken was always reserved."""
    owner, channel.units_each = caller(), 4
    campaign_id = owner.scheduled(2_900, content={"text": "LONGER {{ first_name }}"})
    for _ in range(2):
        dispatcher(CAMPAIGNS_WINDOW="1")

    submitted = owner.wait_for(campaign_id, "sent")["progress"]["submitted"]

    wait_until(lambda: released(owner, campaign_id), what="the release")
    held = owner.look()["reservations"][str(reservation(campaign_id))]
    assert held["used"] == 4 * submitted and 3 * 2_900 < held["reserved"] >= held["used"]


def test_what_takes_more_units_than_the_account_has_pauses_before_the_rest_leaves(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    owner, channel.units_each = caller(small_quota=True), 2
    campaign_id = owner.scheduled(950)
    for _ in range(2):
        dispatcher(CAMPAIGNS_WINDOW="1")

    paused = owner.wait_for(campaign_id, "paused")

    assert paused["failure"]["code"] == "quota.exhausted"
    assert paused["failure"]["detail"].startswith("86 messages took 172 units of the quota")
    assert len(numbers_seen(channel)) == 100
    owner("resume_campaign", campaign_id=campaign_id)
    owner.wait_for(campaign_id, "paused")
    assert len(numbers_seen(channel)) == 100
    owner("cancel_campaign", campaign_id=campaign_id)
    wait_until(lambda: released(owner, campaign_id), what="the release")


def test_a_campaign_begun_before_parts_counted_is_settled_by_recipients(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(700, content={"text": "LONG {{ first_name }}"})
    dispatcher()
    wait_until(lambda: channel.held, what="a batch")
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET units_each = NULL WHERE id = :id"), {"id": campaign_id})
    see_the_dispatcher_go_on(caller(), channel)
    channel.finish_held()

    submitted = owner.wait_for(campaign_id, "sent")["progress"]["submitted"]

    wait_until(lambda: released(owner, campaign_id), what="the release")
    assert owner.look()["reservations"][str(reservation(campaign_id))]["used"] == submitted


def test_it_is_sent_once_its_channel_has_nothing_more_to_try(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    """Two dispatchers; while it waits nobody holds its lease."""
    owner = caller()
    for _ in range(2):
        dispatcher()
    campaign_id = owner.scheduled(777)

    def is_waiting() -> bool:
        """A look that came before the last report was counted is followed by another."""
        with database.transaction() as session:
            found = session.execute(
                text(
                    "SELECT deferred, submitted + failed + deferred FROM campaigns"
                    " WHERE id = :id AND state = 'sending' AND look_at > now() AND lease_owner IS NULL"
                ),
                {"id": campaign_id},
            ).one_or_none()
        return found is not None and tuple(found) == (32, 777)

    wait_until(is_waiting, what="nobody at it")
    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(777)


def test_who_is_left_out_is_counted_by_the_reason_whatever_is_killed(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    """Reports are held while batches are out, so that a kill leaves some to be published again."""
    owner, total = caller(), 20_088
    reasons = {number: reason for number in range(1, total + 1) if (reason := reason_of(number, total))}
    campaign_id = owner.scheduled(total)
    running = dispatcher(CAMPAIGNS_WINDOW="4")
    moments: list[Any] = []

    def look() -> Any:
        moments.append(owner("get_campaign", campaign_id=campaign_id)["progress"])
        return moments[-1]

    for share in (0.2, 0.5):
        wait_until(lambda share=share: look() and len(numbers_seen(channel)) >= share * total, what=f"{share:.0%}")
        running.kill()
        running.start().wait_ready()
    sent = wait_until(lambda: look()["to_come"] == 0 and owner.wait_for(campaign_id, "sent")["progress"], timeout=60)

    assert numbers_seen(channel) == set(range(1, total + 1)) - set(reasons)
    assert sent["left_out"] == {reason: list(reasons.values()).count(reason) for reason in LeftOut}
    assert sent["submitted"] + sent["failed"] == total - len(reasons) and sent["deferred"] == 0
    assert who_was_left_out(owner, campaign_id) == [
        (number, reason, None if reason == "erased" else str(UUID(int=number))) for number, reason in reasons.items()
    ]
    archived = [number for number, reason in reasons.items() if reason == "archived"]
    assert [number for number, *_ in who_was_left_out(owner, campaign_id, reason="archived")] == archived
    blind = caller(account_id=owner.account_id, permissions=["sms.campaigns"])
    assert {contact for *_, contact in who_was_left_out(blind, campaign_id)} == {None}
    with pytest.raises(NotFound):
        caller()("list_left_out", campaign_id=campaign_id)
    for progress in moments:
        decided = sum(progress[name] for name in ("submitted", "failed", "deferred", "to_come") if progress[name])
        assert progress["to_come"] is None or progress["to_come"] >= 0
        assert progress["recipients"] in (None, decided + sum(progress["left_out"].values()))


def who_was_left_out(somebody: Any, campaign_id: str, **asked: Any) -> list[tuple[int, str, Any]]:
    found: list[tuple[int, str, Any]] = []
    cursor = None
    while True:
        page = somebody("list_left_out", campaign_id=campaign_id, limit=1000, cursor=cursor, **asked)
        found += [(one["number"], one["reason"], one["contact_id"]) for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return found


def test_email_campaign_takes_its_own_lane(caller: Callable, email_channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    campaign_id = owner.scheduled(
        700,
        channel="email",
        sender={"from_email": "sklep@example.com", "from_name": "Sklep"},
        content={"subject": "{{ first_name }}", "html": "<p>{{ city }}</p><a href='{{ unsubscribe_url }}'>x</a>"},
    )
    dispatcher()

    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(700)
    batch = orjson.loads(min(next(iter(email_channel.bodies.values()))))
    assert set(batch["recipients"][0]["fields"]) == {"first_name", "city"}
    assert batch["trace_id"] == "request-1" and len(batch["content_hash"]) == 64


def reservation(campaign_id: str) -> UUID:
    return domain.reservation_id(UUID(campaign_id))


def snapshot(campaign_id: str) -> UUID:
    return domain.snapshot_id(UUID(campaign_id))


def test_campaign_announces_its_start_and_its_states(
    caller: Callable, channel: Any, dispatcher: Callable, broker: Broker
) -> None:
    told: list[tuple[str, Any]] = []
    bound: set[str] = set()
    for event in (events.CAMPAIGN_STARTED, events.CAMPAIGN_STATE_CHANGED):
        queue = f"test-{event.name}-{uuid4()}"

        def declare(wire: Any, queue: str = queue, event: Any = event) -> None:
            wire.queue_declare(queue, exclusive=True)
            name = event.name
            wire.queue_bind(queue, "campaigns.events", routing_key=name, callback=lambda _frame: bound.add(name))

        def take(delivery: Delivery, event: Any = event) -> None:
            told.append((event.name, orjson.loads(delivery.body)))
            delivery.ack()

        broker.consume(queue, take, declare=declare)
    wait_until(lambda: len(bound) == 2, what="both queues")
    owner = caller()
    campaign_id = owner.scheduled(600)
    dispatcher()
    owner.wait_for(campaign_id, "sent")

    def of_campaign() -> list[tuple[str, Any]]:
        return [(name, body) for name, body in told if body["campaign_id"] == campaign_id]

    wait_until(lambda: len(of_campaign()) == 4, what="four events")
    assert [body["state"] for name, body in of_campaign() if name == "campaign_state_changed"] == [
        "scheduled",
        "sending",
        "sent",
    ]
    (started,) = [body for name, body in of_campaign() if name == "campaign_started"]
    assert started["recipients"] == 600 and started["send_id"] == next(iter(channel.seen))


def test_batch_reported_twice_counts_once(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    channel.reports_each = 3
    owner = caller()
    campaign_id = owner.scheduled(2600)
    dispatcher()

    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(2600)


def test_pause_stops_it_and_resume_sends_the_rest(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(20_000)
    for _ in range(2):
        dispatcher(CAMPAIGNS_WINDOW="4")
    wait_until(lambda: len(channel.held) == 4, what="a full window")

    owner("pause_campaign", campaign_id=campaign_id)
    already = len(numbers_seen(channel))
    channel.finish_held()
    wait_until(lambda: is_let_go(database, campaign_id), what="the dispatcher to let go of it")
    assert len(numbers_seen(channel)) == already
    assert owner("get_campaign", campaign_id=campaign_id)["progress"]["published"] == already

    # Who was read ahead is free for other campaigns, under a frequency cap.
    let_go = f"let_go_of_audience {campaign_id} {already}"
    wait_until(lambda: let_go in owner.look()["asked"], what="what was read ahead to be let go")

    owner("resume_campaign", campaign_id=campaign_id)
    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(20_000)
    wait_until(lambda: released(owner, campaign_id), what="the release")
    assert f"let_go_of_audience {campaign_id} 20000" in owner.look()["asked"]


def test_resumed_at_once_it_is_read_after_what_was_read_before_is_let_go(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    """Or a late letting go would take the room under the frequency cap that the new reading holds."""
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(6_444)  # contacts takes its time to let go of them
    for _ in range(2):
        dispatcher(CAMPAIGNS_WINDOW="4")
    wait_until(lambda: len(channel.held) == 4, what="a full window")

    def asked() -> list[str]:
        return [one.split()[0] for one in owner.look()["asked"] if campaign_id in one]

    owner("pause_campaign", campaign_id=campaign_id)
    wait_until(lambda: "let_go_begun" in asked(), what="the letting go to begin")
    owner("resume_campaign", campaign_id=campaign_id)
    channel.finish_held()
    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(6_444)
    told = asked()
    begun, ended = told.index("let_go_begun"), told.index("let_go_of_audience")
    assert "read_audience" in told[ended:] and "read_audience" not in told[begun:ended]


def test_cancel_ends_it_and_returns_the_rest_of_the_quota(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(20_000)
    dispatcher(CAMPAIGNS_WINDOW="2")
    wait_until(lambda: len(channel.held) == 2, what="a full window")

    owner("cancel_campaign", campaign_id=campaign_id)
    see_the_dispatcher_go_on(caller(), channel)
    assert not released(owner, campaign_id)
    channel.finish_held()

    wait_until(lambda: released(owner, campaign_id), what="the release")
    progress = owner("get_campaign", campaign_id=campaign_id)["progress"]
    sent = len(numbers_seen(channel))
    assert progress == {**expected(sent), "recipients": 20_000, "to_come": 20_000 - sent}
    used = owner.look()["reservations"][str(reservation(campaign_id))]["used"]
    assert used == progress["submitted"] + progress["deferred"]


def test_campaign_whose_audience_was_never_taken_is_settled(
    caller: Callable, dispatcher: Callable, database: Database
) -> None:
    """Its snapshot failed, or it was cancelled while contacts was taking it."""
    owner = caller()
    failing, ending = owner.scheduled(555), owner.scheduled(556)
    dispatcher()
    wait_until(lambda: str(snapshot(ending)) in owner.look()["snapshots"], what="the snapshot to be asked for")
    owner("cancel_campaign", campaign_id=ending)
    assert owner.wait_for(failing, "failed")["failure"]["code"] == "audience.failed"

    def settled() -> bool:
        with database.transaction() as session:
            return session.scalar(text("SELECT count(*) FROM campaigns WHERE settled_at IS NULL")) == 0

    wait_until(settled, what="both to be settled")
    assert is_let_go(database, failing) and is_let_go(database, ending)


def see_the_dispatcher_go_on(somebody: Any, channel: Any) -> None:
    """Until it has come to a campaign that is scheduled now; the channel holds its only batch."""
    held = len(channel.held)
    somebody.scheduled(100)
    wait_until(lambda: len(channel.held) > held, what="somebody else's turn")


def released(owner: Any, campaign_id: str) -> bool:
    return bool(owner.look()["reservations"][str(reservation(campaign_id))]["released"])


def test_window_is_never_exceeded(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    channel.holding.set()
    owner.scheduled(20_000)
    dispatcher(CAMPAIGNS_WINDOW="3")
    wait_until(lambda: len(channel.held) == 3, what="a full window")
    see_the_dispatcher_go_on(caller(), channel)
    see_the_dispatcher_go_on(caller(), channel)
    assert len(channel.held) == 3 + 2


def test_hundred_of_one_account_do_not_wait_for_anothers_many(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    big, small = caller(), caller()
    channel.holding.set()
    for _ in range(3):
        big.scheduled(50_000)
    dispatcher(CAMPAIGNS_CHANNEL_WINDOW="40")
    wait_until(lambda: len(channel.held) >= 15, what="a first window of each")

    campaign_id = small.scheduled(100)
    wait_until(lambda: campaign_id in channel.order, timeout=15, what="the small one's turn")
    channel.finish_held()
    small.wait_for(campaign_id, "sent")


def test_what_an_earlier_test_left_in_the_lane_is_not_seen(
    broker: Broker, caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    left = {"batch_id": "left", "campaign_id": str(uuid4()), "send_id": "left", "recipients": [{"number": 1}]}
    broker.publish(lanes.channel_lane(Channel.SMS, Lane.BULK), orjson.dumps(left)).result(10)
    owner = caller()
    dispatcher()
    owner.wait_for(owner.scheduled(10), "sent")
    assert "left" not in channel.bodies and len(channel.bodies) == 1


def test_throttled_campaign_keeps_its_pace(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(5000, options={"throttle_per_hour": 36_000})
    dispatcher()

    def published() -> tuple[int, float]:
        """How many have gone, and in how many seconds, both by the dispatcher's own books."""
        sent = text("SELECT published, extract(epoch FROM now() - started_at) FROM campaigns WHERE id = :id")
        with database.transaction() as session:
            recipients, seconds = session.execute(sent, {"id": campaign_id}).one()
        return recipients, float(seconds or 0)

    # Time is the subject.
    # Ten a second, in portions of ten, and a second's worth of catching up. A slow machine sends less, never more.
    while (now := published())[0] < 60:
        assert now[0] <= 10 * (now[1] + 2)
        assert now[1] < 60, "it does not go on"
        time.sleep(0.05)
    owner("cancel_campaign", campaign_id=campaign_id)
    assert {len(orjson.loads(next(iter(bodies)))["recipients"]) for bodies in channel.bodies.values()} == {10}


def test_quiet_hours_hold_a_campaign(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    campaign_id = owner.scheduled(600, options={"quiet_hours": {"start": "00:00", "end": "23:59"}})
    dispatcher()
    owner.wait_for(campaign_id, "sending")
    other = caller()
    other.wait_for(other.scheduled(100), "sent")
    assert len(channel.seen) == 1


def test_quota_that_no_longer_reaches_fails_the_campaign_with_the_reason(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller(small_quota=True)
    campaign_id = owner.scheduled(900)
    # The group has grown since.
    with database.transaction() as session:
        session.execute(
            text("UPDATE campaigns SET audience = jsonb_set(audience, '{groups}', :groups) WHERE id = :id"),
            {"id": campaign_id, "groups": orjson.dumps([str(UUID(int=1001))]).decode()},
        )
    dispatcher()

    failed = owner.wait_for(campaign_id, "failed")
    assert failed["failure"]["code"] == "quota.exhausted" and not channel.seen
    wait_until(lambda: released(owner, campaign_id), what="the release")


def test_account_that_closes_takes_its_campaigns_along(
    caller: Callable, channel: Any, dispatcher: Callable, broker: Broker
) -> None:
    owner, other = caller(), caller()
    channel.holding.set()
    owner.scheduled(20_000)
    kept = other.draft()["id"]
    dispatcher(CAMPAIGNS_WINDOW="2")
    wait_until(lambda: len(channel.held) == 2, what="a full window")

    closed = {
        "event_id": str(uuid4()),
        "occurred_at": "2026-11-24T08:00:00+00:00",
        "account_id": str(owner.account_id),
    }
    broker.publish_event(events.ACCOUNT_CLOSED, orjson.dumps(closed)).result(5)
    wait_until(lambda: owner("list_campaigns")["items"] == [], what="the erasure")
    already = len(numbers_seen(channel))
    channel.finish_held()
    other.wait_for(other.scheduled(100), "sent")
    assert len(numbers_seen(channel)) == already
    assert other("get_campaign", campaign_id=kept)["id"] == kept


def test_kill_9_in_the_middle_loses_and_repeats_nothing(caller: Callable, channel: Any, dispatcher: Callable) -> None:
    owner = caller()
    campaign_id = owner.scheduled(60_000)
    running = dispatcher(CAMPAIGNS_WINDOW="4")
    for share in (0.1, 0.4, 0.7):
        wait_until(lambda share=share: len(numbers_seen(channel)) >= share * 60_000, what=f"{share:.0%}")
        running.kill()
        running.start().wait_ready()

    sent = owner.wait_for(campaign_id, "sent", timeout=60)

    assert sent["progress"] == expected(60_000)
    assert len(channel.seen) == 1 and numbers_seen(channel) == set(range(1, 60_001))
    # A batch that came again was the same to the byte, so the channel knows its messages.
    assert all(len(bodies) == 1 for bodies in channel.bodies.values())
    assert sum(len(orjson.loads(min(bodies))["recipients"]) for bodies in channel.bodies.values()) == 60_000


def test_batch_that_was_recorded_and_not_published_goes_after_a_restart(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(3000)
    running = dispatcher(CAMPAIGNS_WINDOW="2")
    wait_until(lambda: len(channel.held) == 2, what="a full window")
    wait_until(lambda: owner("get_campaign", campaign_id=campaign_id)["progress"]["published"] == 200)
    running.kill()
    lost = channel.held.pop()
    lost.ack()
    # As if the kill had come after the commit and before the publish.
    batch_id = orjson.loads(lost.body)["batch_id"]
    with database.transaction() as session:
        session.execute(
            text("UPDATE campaign_batches SET state = 'publishing', published_at = NULL WHERE id = :id"),
            {"id": batch_id},
        )
        session.execute(text("UPDATE campaigns SET published = published - 100"))
    channel.finish_held()

    running.start().wait_ready()
    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(3000)
    assert channel.bodies[batch_id] == {lost.body}


def test_two_dispatchers_share_the_work_and_repeat_nothing(
    caller: Callable, channel: Any, dispatcher: Callable
) -> None:
    owners = [caller() for _ in range(4)]
    campaign_ids = [owner.scheduled(5000) for owner in owners]
    dispatcher()
    dispatcher()

    for owner, campaign_id in zip(owners, campaign_ids, strict=True):
        assert owner.wait_for(campaign_id, "sent")["progress"] == expected(5000)
    assert all(set(counts.values()) == {1} for counts in channel.seen.values())


def test_report_that_cannot_be_read_goes_to_the_dead_letters(
    caller: Callable, channel: Any, dispatcher: Callable, broker: Broker
) -> None:
    dead: list[bytes] = []
    broker.consume(f"dead.{lanes.BATCHES_DONE}", lambda delivery: (dead.append(delivery.body), delivery.ack()))
    owner = caller()
    dispatcher()
    for body in (b"not json", b"[]", b'{"batch_id": "x"}'):
        broker.publish(lanes.BATCHES_DONE, body)

    campaign_id = owner.scheduled(700)
    assert owner.wait_for(campaign_id, "sent")["progress"] == expected(700)
    wait_until(lambda: len(dead) == 3, what="three dead letters")
