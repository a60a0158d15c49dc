"""Connections to PostgreSQL: each service has its own, and what listens is what was counted."""

import time
from contextlib import ExitStack

import psycopg
import pytest
from raw import Raw

from chassis.testing import wait_until
from contracts.connections import OF_A_PROCESS, limit_of

LISTENING = """
SELECT application_name, count(*) FROM pg_stat_activity
WHERE datname LIKE 'wici_%' AND query LIKE 'LISTEN %' GROUP BY 1
"""


@pytest.fixture
def administrator(environ):
    with psycopg.connect(environ["WICI_ADMIN_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def test_a_service_whose_connections_are_all_taken_takes_nobody_elses(environ, journey):
    raw, token = Raw(environ), {"Authorization": f"Bearer {journey.api.token}"}
    with ExitStack() as held:
        taken = 0
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            while True:
                held.enter_context(psycopg.connect(environ["CONTACTS_DATABASE_URL"]))
                taken += 1
        status, _answer, _seconds = raw.get("/v1/account", **token)

    assert 0 < taken < limit_of("contacts")
    assert status == 200
    wait_until(lambda: raw.get("/v1/contacts", **token)[0] == 200, what="contacts' recovery")


def test_as_many_connections_listen_as_were_counted(environ, administrator):
    """As `tests/contract/test_connections.py` adds them to the pools."""
    others = {
        "campaigns.chains": 2,
        "campaigns.dispatcher": 2,
        "campaigns.pictures": 0,
        "sms_gateway.outbound": 3,
        "sms_gateway.smpp_server": 2,
        "email_gateway.outbound": 4,
        "email_gateway.submission": 1,
        "push_gateway.outbound": 4,
        "ott_gateway.outbound": 4,
        "viber_gateway.outbound": 4,
        "rcs_gateway.outbound": 4,
    }
    others |= {"api_gateway": int(environ.get("GATEWAY_WORKERS", 2)), "reporting": 0}
    wanted = {name: count for name in OF_A_PROCESS if (count := others.get(name, 1))}

    def apart():
        found = dict(administrator.execute(LISTENING).fetchall())
        return {
            name: (found.get(name), wanted.get(name)) for name in found | wanted if found.get(name) != wanted.get(name)
        }

    ends = time.monotonic() + 20
    while apart() and time.monotonic() < ends:
        time.sleep(0.1)
    assert apart() == {}
