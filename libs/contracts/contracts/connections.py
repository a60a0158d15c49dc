"""How many connections to PostgreSQL each process holds at most, and so how many each service's role is given.

A server has so many for all (`max_connections`). With limits that fit in there together, a service that leaks or is
flooded runs out of its own and takes none of the others' (docs/decisions/0045). `tests/contract/test_connections.py`
holds the figures against the pools in the code and against what each deployment runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Pools, the connections that listen for work (`chassis.waking`), and those of worker processes.
OF_A_PROCESS: Mapping[str, int] = MappingProxyType(
    {
        "identity": 7,
        "contacts": 7,
        "contacts.jobs": 14,
        "campaigns": 7,
        "campaigns.dispatcher": 12,
        "campaigns.chains": 8,
        "campaigns.pictures": 2,
        "sms_gateway": 7,
        "sms_gateway.outbound": 11,
        "sms_gateway.smpp_server": 11,
        "email_gateway": 7,
        "email_gateway.outbound": 14,
        "email_gateway.submission": 9,
        "email_gateway.mailroom": 6,
        "push_gateway": 7,
        "push_gateway.outbound": 12,
        "ott_gateway": 7,
        "ott_gateway.outbound": 12,
        "rcs_gateway": 7,
        "rcs_gateway.outbound": 12,
        "viber_gateway": 7,
        "viber_gateway.outbound": 12,
        "reporting": 6,
        "reporting.ingester": 5,
        "reporting.webhooks": 8,
        "api_gateway": 12,
    }
)
# Of a service: commands run by hand, and sessions of a killed process that the server has not missed yet.
SPARE = 2
# Of a server: its owners' migrations, administrators, monitoring.
RESERVED = 25


def processes_of(service: str) -> tuple[str, ...]:
    """The service's processes: `contacts`, `contacts.jobs`."""
    return tuple(name for name in OF_A_PROCESS if name.partition(".")[0] == service)


def limit_of(service: str, replicas: Mapping[str, int] | None = None) -> int:
    """What the service's role may have at once; each process runs once more than it should while a release rolls out.

    :param replicas: most of each process that run for long; one where it is not named.
    """
    most = replicas or {}
    return SPARE + sum((most.get(name, 1) + 1) * OF_A_PROCESS[name] for name in processes_of(service))
