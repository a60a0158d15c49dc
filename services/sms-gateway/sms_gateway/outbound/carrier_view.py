"""How a carrier is, as one process sees it: what operators are shown."""

from __future__ import annotations

import time
from typing import Any

from sms_gateway.outbound import figures
from sms_gateway.outbound.carriers import CarrierOutlet


def view(carrier: CarrierOutlet) -> dict[str, Any]:
    """Fits `contracts.sms_gateway.carriers.CarrierInstance`."""
    now, wall = time.monotonic(), time.time()
    counted = carrier.figures.last_minute(now)
    answers = sum(counted[kind] for kind in ("accepted", "throttled", "ill", "refused", "lost"))
    accepted_at = carrier.queues.oldest() + [
        chunks[0].batch.header.accepted_at for chunks in carrier.waiting.values() if chunks
    ]
    oldest = max(0.0, wall - min(accepted_at)) if accepted_at else 0.0
    sent = carrier.pace.sent_in_second(now)
    name = carrier.settings.name
    figures.BINDS.labels(name).set(sum(link.is_bound for link in carrier.links))
    figures.RATE.labels(name).set(sent)
    figures.OLDEST.labels(name).set(oldest)
    figures.RECEIPTS_LATE.labels(name).set(carrier.is_late)
    return {
        "circuit": carrier.circuit.state.value,
        "traffic_share": carrier.watch.lateness.share if carrier.watch else 1.0,
        "binds": [
            {
                "kind": link.settings.kind,
                "is_bound": link.is_bound,
                "unanswered": link.in_flight,
                "last_error": link.last_error,
            }
            for link in carrier.links
        ],
        "window": carrier.settings.window,
        "sent_per_second": sent,
        "rate_limit": round(carrier.pace.limit, 1) if carrier.pace.is_limited else None,
        "waiting": len(carrier.queues) + carrier.waiting_count(),
        "oldest_seconds": round(oldest, 1),
        "answers": int(answers),
        "shares": {
            kind: round(counted[kind] / answers, 4) if answers else 0.0
            for kind in ("throttled", "ill", "refused", "lost")
        },
        "receipt_ids": carrier.ids.form,
        "receipts": int(counted["receipts"]),
        "receipts_not_understood": int(counted["not_understood"]),
        "receipt_seconds": round(counted["receipt_seconds"] / counted["dated"], 1) if counted["dated"] else None,
    }
