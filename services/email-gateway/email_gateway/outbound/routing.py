"""From a recipient's domain to a destination: operators' mail routes first, then the configured default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

from chassis.config import ConfigError
from chassis.database import Database
from chassis.secrets import Vault
from email_gateway.config import OutboundConfig
from email_gateway.domain.routing import best_route
from email_gateway.outbound.ip_pools import IpPools
from email_gateway.outbound.sts_policies import StsPolicies
from email_gateway.smtp import mta_sts
from email_gateway.smtp.destinations import Destination, Limits
from email_gateway.smtp.mta_sts import Mode
from email_gateway.smtp.mx import MxResolver, NoRoute
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import TLS, Peer, Tls
from email_gateway.smtp.shaping import Allowance, Allowances
from email_gateway.smtp.sources import Source
from email_gateway.smtp.tlsa_records import NotValidated, TlsaRecords
from email_gateway.store import mail_routes as store


@dataclass(frozen=True)
class Route:
    """A smarthost (`peer`), or the domain's own MX (no peer)."""

    key: str
    connections: int
    peer: Peer | None = None


def parse_route(text: str, config: OutboundConfig) -> Route:
    """The default route: `mx`, or `smtp://[user:password@]host[:port][?tls=off|opportunistic|required&connections=10]`.

    :raises ConfigError: it is neither.
    """
    if text == "mx":
        return Route("mx", config.mx_connections)
    try:
        parts = urlsplit(text)
        options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
        if parts.scheme != "smtp" or not parts.hostname:
            raise ValueError
        peer = Peer(
            parts.hostname,
            parts.port or 25,
            Tls(options.get("tls", Tls.OPPORTUNISTIC)),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            config.ehlo_name,
        )
        return Route("default", int(options.get("connections", "10")), peer)
    except ValueError:
        raise ConfigError("EMAIL_DEFAULT_ROUTE is neither `mx` nor `smtp://host:port`") from None


class Router:
    """Knows the routes; `refresh` reads them anew."""

    def __init__(self, config: OutboundConfig, database: Database, vault: Vault) -> None:
        self._config, self._database, self._vault = config, database, vault
        self._default = parse_route(config.default_route, config)
        self._routes: list[tuple[str, Route]] = []
        self._resolver = MxResolver(config.nameservers)
        # A provider counts by the address that connections come from.
        self._allowances: dict[Source | None, Allowances] = defaultdict(partial(Allowances, are_shared=True))
        self.pools = IpPools(database)
        self._tlsa = TlsaRecords(config.nameservers)
        self._allowed = config.mx_network_list()
        self._policies = StsPolicies(database, partial(mta_sts.fetch, allowed=self._allowed), config.nameservers)

    def refresh(self) -> None:
        """Read the operators' routes; called on a database thread every few seconds."""
        with self._database.transaction() as session:
            self._routes = [(row.pattern, self._route(row)) for row in store.routes(session)]
        self.pools.refresh()
        self._policies.tidy()

    def allowances(self) -> dict[tuple[str, str], Allowance]:
        """Those of providers, by the address of ours (empty: the machine's own) and the provider's name."""
        return {
            (source.address if source else "", name): allowance
            for source, of in self._allowances.items()
            for name, allowance in of.by_name.items()
        }

    def choose(self, account_id: str, recipient: str, *, urgent: bool) -> Source | None:
        """The address of ours that a mail leaves from; None: a smarthost has its own, or there are no pools.

        :raises Held: it can leave from nowhere now.
        """
        if self._route_of(recipient.rpartition("@")[2].lower()).peer is not None:
            return None
        return self.pools.choose(account_id, recipient, urgent=urgent)

    def note(self, source: Source, recipient: str, outcome: Outcome) -> None:
        self.pools.note(source, recipient, outcome)

    def _route_of(self, domain: str) -> Route:
        return best_route(domain, self._routes) or self._default

    def _route(self, row: store.MailRoute) -> Route:
        key = str(row.route_id)
        if row.kind == "mx":
            return Route(f"mx:{key}", row.connections)
        password = self._vault.decrypt(row.sealed_password).decode() if row.sealed_password else None
        peer = Peer(row.host or "", row.port, Tls(row.tls), row.username, password, self._config.ehlo_name)
        return Route(key, row.connections, peer)

    def destination(self, domain: str, source: Source | None = None) -> tuple[str, Callable[[], Destination]]:
        """The key of the destination of the domain's mail from an address of ours, and how to make it."""
        route = self._route_of(domain)
        limits = Limits(connections=route.connections, wait_seconds=self._config.wait_seconds)
        if route.peer is not None:
            peer = route.peer
            return route.key, lambda: Destination(_always([peer]), limits, patient=True)
        # Where an operator has said how many connections a domain gets, that counts.
        allowances = self._allowances[source] if route is self._default else None
        return f"{route.key}/{domain}/{source.address if source else ''}", lambda: Destination(
            self._mx_peers(domain, source), limits, patient=False, allowances=allowances
        )

    def _mx_peers(self, domain: str, source: Source | None) -> Callable[[], Awaitable[list[Peer]]]:
        config = self._config
        template = Peer(
            "",
            config.mx_port,
            Tls.OPPORTUNISTIC,
            ehlo_name=source.ehlo_name if source else config.ehlo_name,
            source_address=source.address if source else None,
            allowed=self._allowed,
        )

        async def peers() -> list[Peer]:
            hosts = await self._resolver.hosts(domain)
            policy = await self._policies.of(domain) if config.mta_sts else None
            is_enforced = policy is not None and policy.mode is Mode.ENFORCE
            found, failed = [], False
            for host in hosts.names:
                try:
                    records = await self._tlsa.of(host, config.mx_port) if config.dane and hosts.are_validated else None
                except NotValidated:
                    failed = True
                    TLS.labels(Tls.DANE, "dnssec-invalid").inc()
                    continue
                if records is not None:  # before the other policy (RFC 8461 section 2)
                    found.append(replace(template, host=host, tls=Tls.DANE, tlsa=records))
                elif policy is None or not is_enforced:
                    found.append(replace(template, host=host))
                elif policy.names(host):
                    found.append(replace(template, host=host, tls=Tls.REQUIRED))
            if not found and failed:
                raise NoRoute("4.7.5", "what the mail hosts' domain says of TLS cannot be validated", permanent=False)
            if not found:
                raise NoRoute("4.7.5", "the domain's policy on TLS names none of its mail hosts", permanent=False)
            return found

        return peers


def _always(peers: Sequence[Peer]) -> Callable[[], Awaitable[list[Peer]]]:
    async def same() -> list[Peer]:
        return list(peers)

    return same
