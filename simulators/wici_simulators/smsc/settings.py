"""What the simulated carrier does, and the rule that decides a message's fate from its number."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

DELIVERED, REJECTED, UNDELIVERED, EXPIRED = range(4)
OUTCOMES = ("delivered", "rejected", "undelivered", "expired")
STAT_WORDS = (b"DELIVRD", b"REJECTD", b"UNDELIV", b"EXPIRED")
STATE_NUMBERS = (2, 8, 5, 3)
ERROR_CODES = (0, 5, 27, 11)


@dataclass
class Settings:
    """All can be changed while it runs: `POST /settings` with any of these."""

    rejected_share: float = 0.0
    undelivered_share: float = 0.0
    expired_share: float = 0.0
    tlv_share: float = 0.5
    receipt_delay: float = 0.2  # seconds from the answer to the receipt
    response_delay: float = 0.0  # seconds from submit_sm to its answer
    rate: int = 0  # submit_sm a second and bind, beyond it ESME_RTHROTTLED; 0: no limit
    throttle_every: int = 0  # every so many submit_sm are answered ESME_RTHROTTLED; 0: none
    receipts: bool = True  # False keeps them until it is True again
    receipts_first: bool = False  # the receipt leaves before the answer to its submit_sm
    receipt_window: int = 2000  # receipts on the way to one bind
    keep: int = 2_000_000  # messages that are remembered in full
    timed: int = 0  # of numbers that begin so it is remembered when they came: `GET /arrivals`; 0: of none

    def change(self, wanted: dict[str, Any]) -> None:
        """Set what is named; `ValueError` names what does not exist or has a wrong type."""
        kinds = {each.name: type(getattr(self, each.name)) for each in fields(self)}
        for name, value in wanted.items():
            if name not in kinds:
                raise ValueError(f"no such setting: {name}")
            numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
            if isinstance(value, bool) != (kinds[name] is bool) or not (numeric or isinstance(value, bool)):
                raise ValueError(f"{name} takes {kinds[name].__name__}")
            if value < 0:
                raise ValueError(f"{name} is not negative")
        for name, value in wanted.items():
            setattr(self, name, kinds[name](value))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def outcome(self, number: bytes | str) -> int:
        """The fate of a message to `number` (see the package's documentation)."""
        if not number[-3:].isdigit():
            return REJECTED
        n = int(number[-3:]) / 1000
        if n < (edge := self.rejected_share):
            return REJECTED
        if n < (edge := edge + self.undelivered_share):
            return UNDELIVERED
        if n < edge + self.expired_share:
            return EXPIRED
        return DELIVERED

    def parameter_form(self, number: bytes | str) -> bool:
        """Whether the receipt comes as optional parameters."""
        digits = number[-6:-3]
        return (int(digits) if digits.isdigit() else 0) / 1000 < self.tlv_share
