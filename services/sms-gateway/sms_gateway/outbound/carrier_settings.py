"""What an operator has set of a carrier."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sms_gateway.content.parts import LongForm
from sms_gateway.smpp.ports import LinkSettings
from sms_gateway.smpp.tls import Tls


@dataclass(frozen=True)
class CarrierSettings:
    """A carrier's row, with its password opened."""

    id: UUID
    name: str
    version: int
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str
    bind_mode: str
    binds: int
    window: int
    rate: int
    tls: Tls | None
    long_form: LongForm
    receipt_ids: str
    response_timeout: int = 60

    def links(self) -> list[LinkSettings]:
        """The settings of each bind."""
        kinds = {"transceiver": ["transceiver"], "transmitter": ["transmitter"]}.get(
            self.bind_mode, ["transmitter", "receiver"]
        )
        return [
            LinkSettings(
                self.host, self.port, self.system_id, self.password, kind, self.system_type, self.window,
                self.tls, response_timeout=float(self.response_timeout),
            )
            for _ in range(self.binds)
            for kind in kinds
        ]  # fmt: skip
