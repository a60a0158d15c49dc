"""The rules of webhooks: ids of events, bodies, signatures, and what follows from an endpoint's answer.

Signatures are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from contracts.reporting.webhooks import RetryPlan
from reporting.domain.folding import BY_REQUEST, machine_of

SECRET_BYTES = 24
# A request that does not arrive is tried again so many seconds after the last try: as Standard Webhooks suggests.
RETRY_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
HOUR = 3600
DELAYS_BY_PLAN: dict[RetryPlan, tuple[int, ...]] = {
    RetryPlan.STANDARD: RETRY_SECONDS,
    RetryPlan.HOURS_1_6_24: (HOUR, 6 * HOUR, 24 * HOUR),
    RetryPlan.HOURS_HALF_2_24: (HOUR // 2, 2 * HOUR, 24 * HOUR),
}
# Up to a tenth more, so that what failed together does not come again together.
JITTER = 0.1
# An endpoint that fails is left alone for 5, 10, 20, … seconds: nothing new is begun there meanwhile.
REST_SECONDS = 5.0
MOST_REST_SECONDS = 300.0
MOST_RETRY_AFTER = 86_400.0
# An endpoint where nothing has arrived for so long is sent nothing more until its owner says so.
PAUSE_AFTER = timedelta(days=3)

# What is said of a person; it goes when the person is erased.
PERSONAL = ("detail", "url", "ip", "user_agent")
_MESSAGE_DETAILS = ("code", "detail", "url", "ip", "user_agent")


class Verdict(StrEnum):
    ARRIVED = "arrived"
    FAILED = "failed"
    GONE = "gone"  # 410: the customer wants no more


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request.

    :ivar status: None where no answer came; `error` then says why, by a word.
    :ivar retry_after: seconds that the endpoint asks for.
    """

    status: int | None
    error: str | None
    milliseconds: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class HeardEvent:
    """One thing that a webhook may be told."""

    event_id: UUID
    account_id: str
    channel: str | None
    campaign_id: str | None
    message_id: str | None
    type: str
    occurred_at: datetime
    details: dict[str, Any]
    stem_id: UUID | None = None  # of a single message: the id that its whole send has in common


def heard(event: Mapping[str, Any]) -> HeardEvent:
    """A delivery event, made fit by `folding.readable_events`, as webhooks are told of it."""
    at = datetime.fromtimestamp(event["at"], UTC)
    # What a person did has an id of its own; a state is told again with the same time.
    same = event.get("event_id") or round(event["at"] * 1_000_000)
    return HeardEvent(
        event_id=derived_id(event["message_id"], event["kind"], same),
        account_id=event["account_id"],
        channel=event["channel"],
        campaign_id=event["campaign_id"],
        message_id=event["message_id"],
        type=f"message.{event['kind']}",
        occurred_at=at,
        details={
            "channel": event["channel"],
            "campaign_id": event["campaign_id"],
            **{name: event[name] for name in _MESSAGE_DETAILS if event.get(name)},
            **_doer(event),
        },
        stem_id=stem_of(event["message_id"]) if event["campaign_id"] is None else None,
    )


def stem_of(message_id: str) -> UUID:
    """The id of number 0 of the message's send."""
    return UUID(message_id[:-8] + "0" * 8)


def _doer(event: Mapping[str, Any]) -> dict[str, Any]:
    """By which rule a machine opened or clicked. What a burst alone tells comes later, and is not known here."""
    if event["kind"] not in BY_REQUEST:
        return {}
    return {"machine": machine_of(event["kind"], event.get("user_agent") or "", event.get("request") or "")}


def derived_id(*parts: object) -> UUID:
    """The same id for the same event, however often it comes."""
    return UUID(bytes=blake2b("\0".join(map(str, parts)).encode(), digest_size=16).digest())


def body_event(row: Mapping[str, Any], message: Mapping[str, Any] | None, *, is_erased: bool) -> dict[str, Any]:
    """One event as the customer gets it.

    :param row: its `details` are JSON text.
    :param message: what the log says of its message: `address` and `contact_id`.
    """
    details = orjson.loads(row["details"])
    if is_erased:
        details = {name: value for name, value in details.items() if name not in PERSONAL}
    about: dict[str, Any] = {}
    if row["message_id"] is not None:
        known = message or {}
        about = {
            "message_id": str(row["message_id"]),
            "address": known.get("address"),
            "contact_id": str(known["contact_id"]) if known.get("contact_id") else None,
        }
    timestamp = row["occurred_at"].astimezone(UTC).isoformat(timespec="milliseconds")
    return {"id": str(row["event_id"]), "type": row["type"], "timestamp": timestamp, "data": {**about, **details}}


def shown_secret(secret: bytes) -> str:
    """The key as the customer is given it, and as verifying libraries take it."""
    return f"whsec_{b64encode(secret).decode()}"


def signed_headers(delivery_id: UUID, moment: datetime, body: bytes, secrets: Sequence[bytes]) -> list[tuple[str, str]]:
    """The headers that vouch for a request: one signature by each secret that is in force."""
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((str(delivery_id).encode(), timestamp.encode(), body))
    return [
        ("webhook-id", str(delivery_id)),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(_signatures(signed, secrets))),
    ]


def _signatures(signed: bytes, secrets: Iterable[bytes]) -> Iterable[str]:
    for secret in secrets:
        yield f"v1,{b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"


def basic_authorization(username: str, password: str) -> str:
    """The value of `Authorization` (RFC 7617)."""
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def judged(answer: Answer) -> Verdict:
    if answer.status is not None and 200 <= answer.status < 300:
        return Verdict.ARRIVED
    return Verdict.GONE if answer.status == 410 else Verdict.FAILED


def next_try(tries: int, answer: Answer, chance: float, delays: Sequence[int] = RETRY_SECONDS) -> timedelta | None:
    """How long after its `tries`-th try a request waits for the next; None: there is none.

    :param chance: from 0 to 1. :param delays: seconds after each try, of the webhook's plan.
    """
    if tries > len(delays):
        return None
    seconds = delays[tries - 1] * (1 + JITTER * chance)
    return timedelta(seconds=max(seconds, asked_rest(answer)))


def delays_of(webhook: Mapping[str, Any]) -> Sequence[int]:
    """Seconds from each try to the next: the account's own, or its plan's."""
    own: Sequence[int] | None = webhook["retry_delays"]
    return own or DELAYS_BY_PLAN[RetryPlan(webhook["retry_plan"])]


def goes_to_secondary(answer: Answer) -> bool:
    """Whether a try goes on to the secondary address: it has not arrived; 410 is said for the whole."""
    return judged(answer) is Verdict.FAILED


def rest(failures: int, answer: Answer) -> timedelta:
    """How long an endpoint that has failed so often in a row is left alone."""
    own = min(REST_SECONDS * 2 ** min(failures - 1, 10), MOST_REST_SECONDS)
    return timedelta(seconds=max(own, asked_rest(answer)))


def asked_rest(answer: Answer) -> float:
    """The seconds of `Retry-After`, where 429 or 503 says so: a day at most."""
    if answer.status not in (429, 503) or answer.retry_after is None:
        return 0.0
    return min(answer.retry_after, MOST_RETRY_AFTER)
