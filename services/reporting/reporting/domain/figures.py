"""The figures of a report, made of counters (product row G1)."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.vocabulary import Channel, MessageState
from reporting.domain.states import STATE_CODE


def rate(part: int, whole: int) -> float | None:
    """`part / whole` from 0 to 1 with four decimals; None when there is nothing to divide by.

    Counters of an older release may say otherwise where the recount finds no messages any more.
    """
    return round(min(max(part / whole, 0.0), 1.0), 4) if whole > 0 else None


# The report's word for each counter, by channel (product row G1); the others say nothing of that channel.
_COUNTS: dict[Channel, dict[str, str]] = {
    Channel.EMAIL: {
        "sent": "sent",
        "delivered": "delivered",
        "hard_bounced": "hard_bounced",
        "soft_bounced": "soft_bounced",
        "spam_bounced": "spam_bounced",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "opens": "opens",
        "unique_opens": "unique_opens",
        "clicks": "clicks",
        "unique_clicks": "unique_clicks",
        "machine_opens": "machine_opens",
        "machine_clicks": "machine_clicks",
        "unsubscribes": "unsubscribes",
        "complaints": "complaints",
    },
    Channel.PUSH: {
        "accepted": "delivered",
        "sent": "sent",
        "delivered": "delivered",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "opens": "opens",
        "unique_opens": "unique_opens",
        "clicks": "clicks",
        "unique_clicks": "unique_clicks",
        "dismissed": "dismissed",
    },
    Channel.WHATSAPP: {
        "submitted": "sent",
        "delivered": "delivered",
        "undelivered": "undelivered",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "awaiting_receipt": "submitted",
        "read": "unique_opens",
        "taps": "clicks",
        "unique_taps": "unique_clicks",
        "answers": "answers",
        "unsubscribes": "unsubscribes",
    },
    Channel.VIBER: {
        "submitted": "sent",
        "delivered": "delivered",
        "undelivered": "undelivered",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "awaiting_receipt": "submitted",
        "read": "unique_opens",
        "taps": "clicks",
        "unique_taps": "unique_clicks",
        "answers": "answers",
        "unsubscribes": "unsubscribes",
    },
    Channel.RCS: {
        "submitted": "sent",
        "delivered": "delivered",
        "undelivered": "undelivered",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "awaiting_receipt": "submitted",
        "read": "unique_opens",
        "taps": "clicks",
        "unique_taps": "unique_clicks",
        "answers": "answers",
        "unsubscribes": "unsubscribes",
    },
    Channel.SMS: {
        "submitted": "sent",
        "delivered": "delivered",
        "undelivered": "undelivered",
        "expired": "expired",
        "rejected": "rejected",
        "unknown": "unknown",
        "deferred": "deferred",
        "awaiting_receipt": "submitted",
        "parts": "parts",
        "clicks": "clicks",
        "unique_clicks": "unique_clicks",
        "machine_clicks": "machine_clicks",
        "answers": "answers",
        "unsubscribes": "unsubscribes",
    },
}
FAILED_STATES: tuple[MessageState, ...] = tuple(
    state for state, code in STATE_CODE.items() if code >= STATE_CODE[MessageState.UNDELIVERED]
)


def report_counts(channel: Channel, totals: Mapping[str, int]) -> dict[str, int]:
    """The counts that a report of this channel shows."""
    counts = {word: totals[metric] for word, metric in _COUNTS[channel].items()}
    if channel is Channel.EMAIL:
        counts["not_opened"] = max(totals["delivered"] - totals["unique_opens"], 0)
    return counts


def report_rates(channel: Channel, totals: Mapping[str, int]) -> dict[str, float | None]:
    """The rates that a report of this channel shows: each part is counted among its whole, so all are from 0 to 1."""
    delivered, sent = totals["delivered"], totals["sent"]
    rates = {
        "delivery_rate": rate(delivered, sent),
        "click_rate": rate(totals["unique_clicks"], delivered),
    }
    if channel is Channel.EMAIL:
        bounced = totals["hard_bounced"] + totals["soft_bounced"] + totals["spam_bounced"]
        rates |= {
            "bounce_rate": rate(bounced, sent),
            "open_rate": rate(totals["unique_opens"], delivered),
            "click_to_open_rate": rate(totals["unique_clicks"], totals["unique_opens"]),
            "unsubscribe_rate": rate(totals["delivered_unsubscribes"], delivered),
            "complaint_rate": rate(totals["delivered_complaints"], delivered),
        }
    if channel in (Channel.RCS, Channel.WHATSAPP, Channel.VIBER):
        rates["read_rate"] = rate(totals["unique_opens"], delivered)
    if channel is Channel.PUSH:
        rates["open_rate"] = rate(totals["unique_opens"], delivered)
    return rates


def failed(totals: Mapping[str, int]) -> int:
    """How many ended in a state of failure."""
    return sum(totals[state.value] for state in FAILED_STATES)
