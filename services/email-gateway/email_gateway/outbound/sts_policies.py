"""Which policy on TLS a recipient's domain has: asked of DNS, fetched when it is another, kept for as long as it says.

It is kept in the database, or whoever has a process start anew could undo it. A policy that holds and cannot be
fetched again stays (RFC 8461 section 5.1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import dns.asyncresolver
import dns.exception
import dns.resolver
from prometheus_client import Counter

from chassis.database import Database
from chassis.logs import get_logger
from email_gateway.smtp.mta_sts import Policy, policy_id
from email_gateway.smtp.mx import NoRoute
from email_gateway.smtp.resolvers import configured
from email_gateway.store import mta_sts as store

ASK_SECONDS = 300.0
LOOKUP_SECONDS = 5.0
TIDY_SECONDS = 3600.0
MOST_REMEMBERED = 50_000

FETCHED = Counter("wici_email_mta_sts_total", "Policies of MTA-STS, by what came of fetching them", ["outcome"])

Fetch = Callable[[str], Awaitable[Policy]]
log = get_logger()


class StsPolicies:
    """:param fetch: gives the policy that a domain publishes (`mta_sts.fetch`)."""

    def __init__(self, database: Database, fetch: Fetch, nameservers: tuple[str, ...] = ()) -> None:
        self._database, self._fetch, self._nameservers = database, fetch, nameservers
        self._known: dict[str, tuple[float, Policy | None]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._tidy_at = 0.0

    async def of(self, domain: str) -> Policy | None:
        """:raises NoRoute: what is known of the domain cannot be read now."""
        async with self._turns.setdefault(domain, asyncio.Lock()):
            known = self._known.get(domain)
            if known is None or known[0] < time.monotonic():
                if len(self._known) >= MOST_REMEMBERED:
                    self._known.clear()
                    self._turns.clear()
                known = self._known[domain] = (time.monotonic() + ASK_SECONDS, await self._ask(domain))
            return known[1]

    def tidy(self) -> None:
        """On a database thread, now and then: what has expired goes."""
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_SECONDS
            with self._database.transaction() as session:
                store.forget_expired(session, now=datetime.now(UTC))

    async def _ask(self, domain: str) -> Policy | None:
        try:
            kept = await asyncio.to_thread(self._find, domain)
        except Exception as error:
            log.warning("sts_policy_not_read", error=error)
            raise NoRoute("4.3.0", "the domain's policy on TLS cannot be read now", permanent=False) from None
        kept_id, policy = kept or (None, None)
        published = policy_id(await self._look_up(domain))
        if published is None or published == kept_id:
            return policy
        try:
            fetched = await self._fetch(domain)
            await asyncio.to_thread(self._keep, domain, published, fetched)
        except Exception as error:
            FETCHED.labels("failed").inc()
            log.warning("sts_policy_not_fetched", domain=domain, error_type=type(error).__name__)
            return policy
        FETCHED.labels(fetched.mode).inc()
        return fetched

    async def _look_up(self, domain: str) -> Sequence[str]:
        """TXT records; none also where the name servers do not answer: then what is kept holds."""
        try:
            resolver = configured(dns.asyncresolver.Resolver, self._nameservers, lifetime=LOOKUP_SECONDS)
            answer = await resolver.resolve(f"_mta-sts.{domain}", "TXT")
        except (dns.exception.DNSException, OSError):
            return ()
        return [b"".join(record.strings).decode("ascii", "replace") for record in answer]

    def _find(self, domain: str) -> tuple[str, Policy] | None:
        with self._database.transaction() as session:
            return store.find(session, domain, now=datetime.now(UTC))

    def _keep(self, domain: str, published: str, policy: Policy) -> None:
        with self._database.transaction() as session:
            store.keep(session, domain, published, policy, now=datetime.now(UTC))
