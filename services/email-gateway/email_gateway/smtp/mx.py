"""Where a domain's mail goes: its MX hosts in order (RFC 5321 section 5.1, RFC 7505)."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import dns.exception
import dns.resolver

from email_gateway.smtp.resolvers import is_validated, validating

CACHE_SECONDS, MOST_KEPT = 300.0, 50_000
LOOKUP_SECONDS = 10.0


class NoRoute(Exception):
    """The domain takes no mail (`permanent`), or its name servers do not answer."""

    def __init__(self, code: str, detail: str, *, permanent: bool) -> None:
        super().__init__(detail)
        self.code, self.detail, self.permanent = code, detail, permanent


@dataclass(frozen=True, slots=True)
class Hosts:
    """Names in the order in which they are tried; `are_validated`: the resolver vouches for them (DNSSEC)."""

    names: tuple[str, ...]
    are_validated: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    hosts: Hosts
    expires_at: float


class MxResolver:
    """Looks up MX hosts and remembers them for five minutes."""

    def __init__(self, nameservers: tuple[str, ...] = ()) -> None:
        self._cache: dict[str, _Answer] = {}
        self._nameservers = nameservers

    async def hosts(self, domain: str) -> Hosts:
        """Hosts to try in this order; equals in preference are shuffled. :raises NoRoute: there is none."""
        cached = self._cache.get(domain)
        if cached is None or cached.expires_at < time.monotonic():
            cached = _Answer(await self._look_up(domain), time.monotonic() + CACHE_SECONDS)
            if len(self._cache) >= MOST_KEPT:
                self._cache.clear()
            self._cache[domain] = cached
        return cached.hosts

    async def _look_up(self, domain: str) -> Hosts:
        try:
            answer = await validating(self._nameservers, lifetime=LOOKUP_SECONDS).resolve(domain, "MX")
        except dns.resolver.NXDOMAIN:
            raise NoRoute("5.1.2", "the domain does not exist", permanent=True) from None
        except dns.resolver.NoAnswer:
            return Hosts((domain,), are_validated=False)  # the domain itself, by its address record
        except (dns.exception.DNSException, OSError):
            raise NoRoute("4.4.3", "the domain's name servers do not answer", permanent=False) from None
        records = [(record.preference, random.random(), str(record.exchange).rstrip(".")) for record in answer]
        hosts = tuple(host for _, _, host in sorted(records) if host)
        if not hosts:
            raise NoRoute("5.1.10", "the domain takes no mail (null MX)", permanent=True)
        return Hosts(hosts, is_validated(answer))
