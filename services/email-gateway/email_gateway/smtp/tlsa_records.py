"""TLSA records of mail hosts, asked of a resolver that validates (RFC 7672 section 2.2)."""

from __future__ import annotations

import time

import dns.exception
import dns.resolver

from email_gateway.smtp.dane import Tlsa
from email_gateway.smtp.resolvers import is_validated, validating

CACHE_SECONDS = 300.0
LOOKUP_SECONDS = 10.0
MOST_REMEMBERED = 50_000


class NotValidated(Exception):
    """What the host's domain says cannot be validated, or is not answered: the host gets no mail now."""


class TlsaRecords:
    """Remembered for five minutes."""

    def __init__(self, nameservers: tuple[str, ...] = ()) -> None:
        self._nameservers = nameservers
        self._known: dict[tuple[str, int], tuple[float, tuple[Tlsa, ...] | None]] = {}

    async def of(self, host: str, port: int) -> tuple[Tlsa, ...] | None:
        """None: the domain says nothing, or not in a way that can be believed. :raises NotValidated: see there."""
        known = self._known.get((host, port))
        if known is None or known[0] < time.monotonic():
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[host, port] = (time.monotonic() + CACHE_SECONDS, await self._look_up(host, port))
        return known[1]

    async def _look_up(self, host: str, port: int) -> tuple[Tlsa, ...] | None:
        """TLSA is asked for only where the host's addresses are validated: name servers of other domains may know no
        such record and not answer (section 2.1.3)."""
        for kind in ("A", "AAAA"):
            answer = await self._ask(host, kind)
            if answer is not None:
                break
        if answer is None or not is_validated(answer):
            return None
        answer = await self._ask(f"_{port}._tcp.{host}", "TLSA")
        if answer is None or not is_validated(answer):
            return None
        return tuple(Tlsa(int(one.usage), int(one.selector), int(one.mtype), bytes(one.cert)) for one in answer)

    async def _ask(self, name: str, kind: str) -> dns.resolver.Answer | None:
        try:
            return await validating(self._nameservers, lifetime=LOOKUP_SECONDS).resolve(name, kind)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except (dns.exception.DNSException, OSError):
            raise NotValidated(name) from None
