"""What a server knows of an SMPP account, and the rules for what it may do."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from contracts.networks import allows, parsed
from contracts.vocabulary import Lane
from sms_gateway.domain.numbers import bare, is_in_full, phone_of
from sms_gateway.domain.sends import Address

_NATIONAL = 2  # type of number


@dataclass(frozen=True)
class SmppPartner:
    """An SMPP account as it is now.

    :ivar ip_list: its own networks; `account_networks`: its account's.
    :ivar certificates: SHA-256 of those of which it must present one; empty: it needs none.
    :ivar senders: the sender IDs that it may use, as they were approved, by the ways in which they are written.
    :ivar binds: how many it has at all servers.
    """

    id: UUID
    account_id: UUID
    system_id: str
    password_hash: bytes = field(repr=False)
    ip_list: tuple[str, ...]
    account_networks: tuple[str, ...]
    certificates: frozenset[str]
    senders: Mapping[str, str]
    lane: Lane
    rate: int
    window: int
    enabled: bool
    is_suspended: bool
    binds: int

    @cached_property
    def name(self) -> str:
        """The id as text: each message says it."""
        return str(self.id)

    def refuses(self, address: str, certificate: str | None) -> str | None:
        """Why a bind from there may not be, or may not stay: a reason of `RefusedBind`; None where it may.

        :param certificate: SHA-256 of the one that the peer has presented.
        """
        if not (allows(self.ip_list, address) and allows(self.account_networks, address)):
            return "address"
        if self.certificates and certificate not in self.certificates:
            return "certificate"
        if not self.enabled:
            return "disabled"
        return "suspended" if self.is_suspended else None

    def sender(self, address: str) -> str | None:
        """The sender ID that is meant; the only one there is where none is named; None where it may not be used."""
        if not address:
            only = set(self.senders.values())
            return only.pop() if len(only) == 1 else None
        return self.senders.get(address.lower()) or self.senders.get(bare(address))


def senders_by_spelling(active: Sequence[str], allowed: Sequence[str]) -> dict[str, str]:
    """The active sender IDs, of those that are allowed (empty: all), by what they may be written as."""
    keys = {each.lower() for each in allowed}
    used = [each for each in active if not keys or each.lower() in keys]
    return {spelling: each for each in used for spelling in (bare(each), each.lower())}


def network_of(address: str) -> str:
    """By which strangers are told apart: the address, of IPv6 its /64, which is one subscriber's."""
    ip = parsed(address)
    if ip is None:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))


def phone(to: Address) -> str | None:
    """E.164 of a destination; None where it is no number in international form.

    Some peers, Kannel among them, say national of every number without a `+`: then it must be one in full.
    """
    return None if to[0] == _NATIONAL and not is_in_full(to[2]) else phone_of(to[2])


def written(to: Address) -> Address:
    """How a phone was written: type, numbering plan, and what stands before the digits."""
    digits = bare(to[2])
    return to[0], to[1], to[2][: len(to[2]) - len(digits)]
