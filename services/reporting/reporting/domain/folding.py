"""Fold batches of delivery events into one patch a message, in memory and without I/O.

A patch is what a batch says of one message: its static fields, the best state it reached and when it was submitted and
delivered. Folding is commutative, associative and idempotent, as is merging a patch into the log, so that neither order
nor repetition matters: a static field is the greatest value given, a time the earliest, and a state the one of highest
rank, the earliest among equals.

This is the hot path (two events a message, tens of thousands a second): a patch is the event's own dictionary, changed
in place, and nothing is validated here. `readable_events` is for the batch that did not go in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from contracts.vocabulary import Channel, MessageState
from contracts.vocabulary import Engagement as EngagementKind
from reporting.domain.devices import device_key
from reporting.domain.labels import Label, labels_of
from reporting.domain.links import MOST_NUMBERED, Place, place_of
from reporting.domain.machines import rule_of
from reporting.domain.states import ENGAGEMENT_CODE, STATE_CODE

SUBMITTED = STATE_CODE[MessageState.SUBMITTED]
DELIVERED = STATE_CODE[MessageState.DELIVERED]
OPENED = ENGAGEMENT_CODE[EngagementKind.OPENED]
CLICKED = ENGAGEMENT_CODE[EngagementKind.CLICKED]
UNSUBSCRIBED = ENGAGEMENT_CODE[EngagementKind.UNSUBSCRIBED]
COMPLAINED = ENGAGEMENT_CODE[EngagementKind.COMPLAINED]

STATIC_FIELDS = ("contact_id", "address", "sender", "domain", "parts", "cost")
TEXT_LIMIT = 200
URL_LIMIT = 4096
_URLS = ("url", "link_url")
_TEXTS = ("address", "sender", "domain", "code", "detail", "peer", "ip", "user_agent", "request", "event_id", *_URLS)
DAY_MICROS = 86_400_000_000
_EPOCH = date(1970, 1, 1)

_STATES: dict[str, int] = {state.value: code for state, code in STATE_CODE.items()}
_ENGAGEMENTS: dict[str, int] = {kind.value: code for kind, code in ENGAGEMENT_CODE.items()}
BY_REQUEST = frozenset({EngagementKind.OPENED.value, EngagementKind.CLICKED.value})
_CHANNELS = frozenset(channel.value for channel in Channel)

Patch = dict[str, Any]


class Engagement(NamedTuple):
    """An opening, click, unsubscription or complaint as it stands in the log."""

    message_id: str
    event_id: str
    account_id: str
    campaign_id: str | None
    kind: int
    at: int  # microseconds since 1970
    device: str
    ip: str | None
    user_agent: str | None
    machine: str | None = None  # the rule of `machines.toml` by which no person did it
    link_id: str | None = None
    url: str | None = None  # as far as it is the same for everybody
    number: int | None = None  # of the link in its content


class HistoryLine(NamedTuple):
    """A line of the history: a state off the usual road."""

    account_id: str
    campaign_id: str | None
    code: str | None
    detail: str | None
    peer: str | None


@dataclass
class Folded:
    """What a number of batches say, a patch for each message."""

    patches: dict[str, Patch] = field(default_factory=dict)
    history: dict[tuple[str, int, int], HistoryLine] = field(default_factory=dict)  # by message, time and state
    engagements: dict[tuple[str, str], Engagement] = field(default_factory=dict)  # by message and event id
    labels: dict[str, tuple[str, list[Label]]] = field(default_factory=dict)  # account and labels, by message

    def add(self, events: Iterable[dict[str, Any]]) -> None:
        patches, states = self.patches, _STATES
        for event in events:
            state = states.get(event["kind"])
            message_id = event["message_id"]
            if state is None:
                self._add_engagement(message_id, event)
            else:
                at = event["state_at"] = round(event["at"] * 1_000_000)
                event["state"] = state
                if state == SUBMITTED:
                    event["submitted_at"] = at
                elif state == DELIVERED:
                    event["delivered_at"] = at
                else:
                    self._add_to_history(message_id, event)
                    if told := event.pop("labels", None):
                        self.labels.setdefault(message_id, (event["account_id"], labels_of(told)))
            patch = patches.setdefault(message_id, event)
            if patch is not event:
                merge(patch, event)

    def _add_to_history(self, message_id: str, event: dict[str, Any]) -> None:
        line = HistoryLine(
            event["account_id"], event.get("campaign_id"), event.get("code"), event.get("detail"), event.get("peer")
        )
        self.history.setdefault((message_id, event["state_at"], event["state"]), line)

    def _add_engagement(self, message_id: str, event: dict[str, Any]) -> None:
        # What an engagement says beside the static fields is no matter of the message's state.
        event.pop("code", None)
        event.pop("detail", None)
        event.pop("peer", None)
        user_agent, url = event.get("user_agent"), event.get("url")
        at = round(event["at"] * 1_000_000)
        event_id = event.get("event_id") or _engagement_id(event["kind"], at, url)
        known = self.engagements.get((message_id, event_id))
        if known is not None and known.at <= at:
            return
        self.engagements[message_id, event_id] = Engagement(
            message_id=message_id,
            event_id=event_id,
            account_id=event["account_id"],
            campaign_id=event.get("campaign_id"),
            kind=_ENGAGEMENTS[event["kind"]],
            at=at,
            device=device_key(user_agent or ""),
            ip=event.get("ip"),
            user_agent=user_agent[:TEXT_LIMIT] if user_agent else None,
            machine=machine_of(event["kind"], user_agent or "", event.get("request") or ""),
            **(_place(event, url)._asdict() if url else {}),
        )


def merge(patch: Patch, other: Patch) -> None:
    """Merge another patch of the same message into `patch`."""
    for name in STATIC_FIELDS:
        value = other.get(name)
        if value is not None:
            known = patch.get(name)
            if known is None or value > known:
                patch[name] = value
    for name in ("submitted_at", "delivered_at"):
        at = other.get(name)
        if at is not None and at < patch.get(name, at + 1):
            patch[name] = at
    if "state" in other and ("state" not in patch or standing_of(other) > standing_of(patch)):
        for name in ("state", "state_at", "code", "detail", "peer"):
            patch[name] = other.get(name)


def standing_of(patch: Patch) -> tuple[int, int, int]:
    """What decides between two states: the higher rank, then the earlier, then the lower code."""
    return patch["state"] // 10, -patch["state_at"], -patch["state"]


def day_of(message_id: str) -> date:
    """The UTC day of a message id (version 7 or 8: its first 48 bits are Unix milliseconds)."""
    # 48 bits reach beyond the year 9999, which dates do not; such an id is not a real one, and any day will do.
    return _EPOCH + timedelta(days=min(_millis(message_id) // 86_400_000, 2_932_896))


def hour_of(message_id: str) -> int:
    """The hour of that day, 0 to 23."""
    return _millis(message_id) // 3_600_000 % 24


def _millis(message_id: str) -> int:
    return int(message_id[:8] + message_id[9:13], 16)


def moment_of(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC) + timedelta(microseconds=micros % 1_000_000)


def _place(event: dict[str, Any], url: str) -> Place:
    number = event.get("link")
    is_number = type(number) is int and 0 <= number < MOST_NUMBERED
    return place_of(url[:URL_LIMIT], event.get("campaign_id"), number if is_number else None, event.get("link_url"))


def machine_of(kind: str, user_agent: str, request: str) -> str | None:
    """The rule that says that a machine did this, by what the request says of itself."""
    rule = rule_of(user_agent, request) if kind in BY_REQUEST else None
    return rule.name if rule is not None and rule.is_machine else None


def _engagement_id(kind: str, at: int, url: str | None) -> str:
    return f"{kind}:{at}:{UUID(bytes=blake2b(url.encode(), digest_size=16).digest()) if url else ''}"


def readable_events(events: Any) -> tuple[list[dict[str, Any]], int]:
    """The events that can go into the log, made fit for it, and how many cannot."""
    if not isinstance(events, list):
        return [], 1
    readable = [fit for fit in map(_fit, events) if fit is not None]
    return readable, len(events) - len(readable)


def _fit(event: Any) -> dict[str, Any] | None:
    try:
        kind, channel = event["kind"], event["channel"]
        if channel not in _CHANNELS or (kind not in _STATES and kind not in _ENGAGEMENTS):
            return None
        fit: dict[str, Any] = {
            "message_id": str(UUID(event["message_id"])),
            "account_id": str(UUID(event["account_id"])),
            "campaign_id": str(UUID(event["campaign_id"])) if event.get("campaign_id") else None,
            "kind": kind,
            "channel": channel,
            "at": _moment(event["at"]),
        }
        if isinstance(event.get("labels"), dict):
            fit["labels"] = event["labels"]
        if event.get("contact_id"):
            fit["contact_id"] = str(UUID(event["contact_id"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    for name in ("parts", "cost", "link"):
        if type(event.get(name)) is int and 0 <= event[name] < 2**31:
            fit[name] = event[name]
    for name in _TEXTS:
        if isinstance(event.get(name), str):
            fit[name] = event[name].replace("\0", "")[: URL_LIMIT if name in _URLS else TEXT_LIMIT]
    return fit


def _moment(at: Any) -> float:
    moment = float(at)
    if not 0 < moment < 4_102_444_800:  # 1970 to 2100
        raise ValueError("not a time")
    return moment
