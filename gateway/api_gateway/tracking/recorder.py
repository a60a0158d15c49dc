"""Turns what a person did with a message into events, and hands them to RabbitMQ when it is there."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid5

import orjson
from prometheus_client import Counter, Gauge

from api_gateway.tracking.lines import event_line, lane_line, sorted_lines
from api_gateway.tracking.spool import Spool, SpoolFull
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.events import (
    NAMED_LINKS_FOLLOWED,
    RECIPIENT_LEFT_LISTS,
    RECIPIENT_UNSUBSCRIBED,
    UNSUBSCRIBE_REASON_GIVEN,
    Event,
)
from contracts.lanes import BATCH_SIZE, DeliveryEvent, by_routing_key
from contracts.schema import visible
from contracts.tokens import Token
from contracts.vocabulary import Channel, Engagement

ROUND_SECONDS = 0.2
CONFIRM_SECONDS = 15.0
RETRY_SECONDS = 1.0
# With nothing on the disk: how soon what a dead worker has left there is found.
REST_SECONDS = 5.0
MAX_USER_AGENT = 200
MAX_SAID = 100

# Kinds beside those of `Engagement`: who leaves lists stays on the channel, and a reason comes after an unsubscribe.
LISTS_LEFT, REASON_GIVEN = "lists_left", "reason_given"
RECORDED = Counter(
    "wici_tracking_events_total",
    "Clicks, opens, unsubscribes, lists left and reasons given, by kind and outcome",
    ["kind", "outcome"],
)

SPOOLED = Gauge(
    "wici_tracking_spool_bytes", "Clicks, opens and unsubscribes that wait on the disk", multiprocess_mode="livemax"
)

log = get_logger()


class Visit(NamedTuple):
    """Who asks for a link.

    :param says: what shows that it may be no person: a method other than GET, or a header of prefetching.
    """

    address: str
    user_agent: str
    says: str = ""


class Publisher(Protocol):
    """The part of `chassis.broker.Broker` that is needed here."""

    @property
    def is_connected(self) -> bool: ...

    def publish(self, routing_key: str, body: bytes) -> Future[None]: ...

    def publish_event(self, event: Event, body: bytes) -> Future[None]: ...


class Recorder:
    """Writes events to the spool and, every 200 ms, the spool to the broker.

    Published twice after a crash between confirm and removal: every event has an id that was fixed when it was written.
    """

    def __init__(self, spool: Spool, publisher: Publisher, now: Callable[[], float] = time.time) -> None:
        self._spool = spool
        self._publisher = publisher
        self._now = now
        self._stop = threading.Event()
        self._recorded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Hand over what there is; what cannot be handed over stays on disk for the next start."""
        self._stop.set()
        self._recorded.set()
        if self._thread.is_alive():
            self._thread.join(CONFIRM_SECONDS)
        self._spool.rotate()

    def check(self) -> None:
        """:raises OSError: events cannot be kept."""
        self._spool.check()

    def opened(self, token: Token, visit: Visit) -> None:
        """Record an open; when it cannot be recorded, the picture is answered all the same."""
        event = self._event(token, Engagement.OPENED, token.target, visit)
        self._record(Engagement.OPENED, lane_line(event))

    def clicked(self, token: Token, visit: Visit, channel: Channel = Channel.EMAIL) -> None:
        """Record a click; when it cannot be recorded, the person is redirected all the same.

        :param channel: a click's token holds the target in its place.
        """
        event = self._event(token, Engagement.CLICKED, channel, visit)
        event["url"] = token.target
        if token.place is not None and token.shared_target is not None:
            event["link"], event["link_url"] = token.place.number, token.shared_target
        self._record(Engagement.CLICKED, lane_line(event))

    def tapped(self, token: Token, visit: Visit, button: int) -> None:
        """Record that a person tapped a push at its button of that number: an open, and a click."""
        self.opened(token, visit)
        event = self._event(token, Engagement.CLICKED, token.target, visit)
        event["url"] = event["link_url"] = f"button:{button}"
        event["link"] = button
        self._record(Engagement.CLICKED, lane_line(event))

    def dismissed(self, token: Token, visit: Visit) -> None:
        """Record that a push was swiped away, once a message."""
        event = self._event(token, Engagement.DISMISSED, token.target, visit)
        event["event_id"] = str(uuid5(token.message_id, Engagement.DISMISSED))
        self._record(Engagement.DISMISSED, lane_line(event))

    def unsubscribed(self, token: Token, channels: Collection[str] = ()) -> bool:
        """Record an unsubscribe.

        :param channels: that the person leaves besides the message's own.
        :returns: whether it is kept; only then may the page say that it is done.
        """
        # Counted once a message, however often the button is pressed …
        event = self._event(token, Engagement.UNSUBSCRIBED, token.target)
        event["event_id"] = str(uuid5(token.message_id, Engagement.UNSUBSCRIBED))
        lines = lane_line(event)
        if token.contact_id is not None:
            # … but acted on each time: someone may have been restored since.
            for channel in dict.fromkeys([token.target, *channels]):
                lines += event_line(self._unsubscription(token, token.contact_id, channel))
        return self._record(Engagement.UNSUBSCRIBED, lines, important=True)

    def left_lists(self, token: Token, group_ids: Collection[UUID]) -> bool:
        """Record that a person leaves these groups; :returns: as `unsubscribed`."""
        told = {**self._told(token), "contact_id": str(token.contact_id), "group_ids": [str(one) for one in group_ids]}
        return self._record(LISTS_LEFT, event_line(told, "left"), important=True)

    def reason_given(self, token: Token, page_id: str, reason: str) -> None:
        """Record why; when it cannot be recorded, the person is thanked all the same."""
        told = {**self._told(token), "page_id": page_id, "reason": reason}
        self._record(REASON_GIVEN, event_line(told, "reason"))

    def named_link_followed(self, account_id: UUID, link_id: UUID, visit: Visit) -> None:
        """Record that a named link was followed, and not by whom; when it cannot be, the person is redirected."""
        click = {
            "click_id": str(new_id()),
            "link_id": str(link_id),
            "at": datetime.fromtimestamp(self._now(), UTC).isoformat(),
            "is_machine": bool(visit.says),
        }
        self._record(Engagement.CLICKED, event_line({"account_id": str(account_id), "click": click}, "named"))

    def _event(self, token: Token, kind: Engagement, channel: str, visit: Visit | None = None) -> DeliveryEvent:
        event: DeliveryEvent = {
            "message_id": str(token.message_id),
            "account_id": str(token.account_id),
            "at": self._now(),
            "kind": str(kind),
            "channel": str(channel),
            "campaign_id": str(token.campaign_id) if token.campaign_id else None,
            "contact_id": str(token.contact_id) if token.contact_id else None,
            "event_id": str(new_id()),
        }
        if visit is not None:
            event["ip"] = visit.address
            event["user_agent"] = visible(visit.user_agent)[:MAX_USER_AGENT]
            if visit.says:
                event["request"] = visible(visit.says)[:MAX_SAID]
        return event

    def _unsubscription(self, token: Token, contact_id: UUID, channel: str) -> dict[str, Any]:
        return {**self._told(token), "contact_id": str(contact_id), "channel": channel}

    def _told(self, token: Token) -> dict[str, Any]:
        return {
            "event_id": str(new_id()),
            "occurred_at": datetime.fromtimestamp(self._now(), UTC).isoformat(),
            "account_id": str(token.account_id),
            "campaign_id": str(token.campaign_id) if token.campaign_id else None,
            "message_id": str(token.message_id),
        }

    def _record(self, kind: str, lines: bytes, *, important: bool = False) -> bool:
        try:
            self._spool.append(lines, important=important)
        except SpoolFull as error:
            _recorded(kind, "dropped").inc()
            log.error("tracking_event_dropped", kind=str(kind), cause=type(error.__cause__).__name__)
            return False
        self._recorded.set()
        _recorded(kind, "kept").inc()
        return True

    def _run(self) -> None:
        while not self._stop.wait(ROUND_SECONDS):
            self._recorded.clear()
            self._safe_round()
            if not self._spool.segments():
                self._recorded.wait(REST_SECONDS)
        self._safe_round()

    def _safe_round(self) -> None:
        try:
            self.round()
        except Exception as error:
            log.warning("tracking_events_not_published", error_type=type(error).__name__)
            self._stop.wait(RETRY_SECONDS)

    def round(self) -> None:
        """Synchronise the disk, then publish every closed segment; what is not confirmed stays."""
        is_connected = self._publisher.is_connected
        if is_connected:
            self._spool.rotate()
        else:
            self._spool.sync()
        SPOOLED.set(self._spool.size)
        if not is_connected:
            return
        for segment in self._spool.segments():
            with self._spool.claim(segment) as lines:
                if lines is not None:
                    self._publish(lines)
                    self._spool.remove(segment)

    def _publish(self, lines: list[bytes]) -> None:
        by_kind = sorted_lines(lines)
        sent = [
            self._publisher.publish(
                key, orjson.dumps({"v": 1, "source": "api_gateway", "events": some[start : start + BATCH_SIZE]})
            )
            for key, some in by_routing_key(by_kind["lane"])
            for start in range(0, len(some), BATCH_SIZE)
        ]
        publish_event = self._publisher.publish_event
        sent += [publish_event(RECIPIENT_UNSUBSCRIBED, orjson.dumps(each)) for each in by_kind["event"]]
        sent += [publish_event(RECIPIENT_LEFT_LISTS, orjson.dumps(each)) for each in by_kind["left"]]
        sent += [publish_event(UNSUBSCRIBE_REASON_GIVEN, orjson.dumps(each)) for each in by_kind["reason"]]
        followed = self._of(by_kind["named"])
        sent += [publish_event(NAMED_LINKS_FOLLOWED, orjson.dumps(each)) for each in followed]
        ends = time.monotonic() + CONFIRM_SECONDS
        while wait(sent, timeout=ROUND_SECONDS).not_done and time.monotonic() < ends:
            self._spool.sync()
        for confirmation in sent:
            confirmation.result(timeout=0)

    def _of(self, followed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Clicks of one account at a time, so many that a message stays small."""
        by_account: dict[str, list[Any]] = defaultdict(list)
        for each in followed:
            by_account[each["account_id"]].append(each["click"])
        at = datetime.fromtimestamp(self._now(), UTC).isoformat()
        for account_id, clicks in by_account.items():
            for start in range(0, len(clicks), BATCH_SIZE):
                told = {"event_id": str(new_id()), "occurred_at": at, "account_id": account_id}
                yield {**told, "clicks": clicks[start : start + BATCH_SIZE]}


@lru_cache(maxsize=64)
def _recorded(kind: str, outcome: str) -> Counter:
    """`labels` takes longer than to count."""
    return RECORDED.labels(kind, outcome)
