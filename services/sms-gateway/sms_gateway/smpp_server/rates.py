"""A partner's messages a second: this server's share, by its part of the partner's binds."""

from __future__ import annotations

import time
from uuid import UUID

from sms_gateway.domain.smpp_partners import SmppPartner

BURST_SECONDS = 1.0


class Rates:
    """A bucket for each partner that fills with its share and holds a second's worth."""

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[float, float]] = {}  # by the id's number: a UUID is hashed by Python

    def take(self, partner: SmppPartner, own_binds: int) -> bool:
        rate = partner.rate * own_binds / max(partner.binds, own_binds, 1)
        most = max(rate * BURST_SECONDS, 1.0)
        now = time.monotonic()
        left, at = self._buckets.get(partner.id.int, (most, now))
        left = min(most, left + (now - at) * rate)
        if left < 1:
            self._buckets[partner.id.int] = left, now
            return False
        self._buckets[partner.id.int] = left - 1, now
        return True

    def forget(self, partner_id: UUID) -> None:
        self._buckets.pop(partner_id.int, None)
