"""One person, as the privacy of one is asked for, and who is asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

OWN = "contacts"
# Those that write addresses down. Each answers `export_person` and `erase_person` (contracts.privacy).
ASKED = (
    "sms_gateway",
    "email_gateway",
    "push_gateway",
    "ott_gateway",
    "rcs_gateway",
    "viber_gateway",
    "campaigns",
    "reporting",
)
# Those that do not, and why; a test looks through their databases as well.
WITHOUT = {
    "identity": "Accounts and users of Wici, invoices and the audit trail; no contact of an account.",
}


@dataclass(frozen=True)
class Person:
    """Ids of their contacts, and every address that they have or had."""

    contact_ids: tuple[UUID, ...]
    addresses: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """By what other services know them: their addresses, and the contacts' ids, under which devices and Viber's ids
        lie also where nobody has ever written to them."""
        return tuple(dict.fromkeys((*self.addresses, *map(str, self.contact_ids))))

    def as_json(self) -> dict[str, Any]:
        return {name: [str(one) for one in values] for name, values in asdict(self).items()}

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Person:
        return cls(tuple(map(UUID, stored["contact_ids"])), tuple(stored["addresses"]))


def retry_seconds(tries: int) -> float:
    """How long to wait for a service that did not answer, after so many tries: 1, 2, 4 … 300 seconds."""
    return float(min(2 ** min(tries, 10), 300))
