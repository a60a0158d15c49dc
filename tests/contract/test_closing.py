"""All services together: acts reach the trail (A14), and closing an account leaves nothing (A13).

For the closing every table of every service is filled, the account closed, and what is left is counted. The tables are
those that the databases show, so that a new one takes part by itself: it is filled, and a table that belongs to no
account has to say so in PLATFORM.
"""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from filling import Filler, held_tables, marked_columns, tables_of
from psycopg import sql
from system import SERVICES, service_class

from api_gateway.account_closing import AccountClosing
from chassis.broker import Broker
from chassis.rpc_client import RpcClient
from chassis.testing import nameko_command, wait_until
from contracts.errors import Unavailable
from contracts.permissions import OWNER

DATABASES = (*SERVICES, "api_gateway")
ERASED_SECONDS = 240.0  # as long as a very slow machine takes
RETURNED = ".quota_leases"  # what is leased of a quota and not used goes back within a minute
MARKS = ("zażółć", "gęślą")

# Tables that hold nothing of an account, and why that is so.
_FAILURES = "failed log-ins of partners, counted in places that names and addresses share"
_COMMON = {"outbox": "events on their way, for seconds", "inbox": "which events were handled: ids alone"}
PLATFORM: dict[str, dict[str, str]] = {
    "identity": {
        **_COMMON,
        "invoice_counters": "the last number of each series",
        "login_places": "networks that logins were used from, by a hash, for half a year",
        "login_throttles": "failures by a hash, for a day",
        "operators": "staff of the platform",
        "plans": "what is on offer",
    },
    "contacts": _COMMON,
    "campaigns": {**_COMMON, "dropped_files": "objects to be deleted, by the ids of files that are gone, for a minute"},
    "sms_gateway": {
        "sms_prices": "of plans and carriers, by operators",
        "sms_traffic": "sums by day, carrier and network, of all accounts",
        "inbound_ids": "ids that carriers gave to messages from phones, for a week",
        "inbound_parts": "parts of messages from phones: minutes, and an hour once they are joined",
        **_COMMON,
        "carrier_instances": "what running outbound processes hold of the carriers' rates",
        "carriers": "the platform's own",
        "code_rates": "how many codes a number got, by a digest, for an hour",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
        "login_failures": _FAILURES,
        "number_networks": "which network a number is with, as a carrier told, for 90 days; dropped with a person",
        "overdue_later": "ids of messages to look at again, for days",
        "overdue_position": "how far the ledger has been looked through",
        "short_link_counter": "how many positions have been handed out",
        "parked_receipts": "receipts that match no message, for minutes",
        "unread_deliveries": "what carriers sent and nobody understands, for three days",
    },
    "email_gateway": {
        **_COMMON,
        "claims": "what an outbound process has in hand, for seconds; the account's are told by their body",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
        "login_failures": _FAILURES,
        "mail_routes": "the platform's own",
        "provider_places": "what running outbound processes hold of providers' connections",
        "ip_pools": "the platform's own",
        "ip_addresses": "the platform's own",
        "warm_up_days": "how much each of our addresses sent on a day",
        "ip_pool_days": "sums of a pool and a day, of nobody's alone",
        "ip_pool_pauses": "where a pool waits, for an hour",
        "mta_sts_policies": "what domains publish of TLS at their mail hosts, for as long as they say",
        "sender_policies": "names of domains and their policies, until a day after the last address at one is gone",
    },
    "push_gateway": {
        **_COMMON,
        "claims": "what an outbound process has in hand, for seconds; the account's are told by their body",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
    },
    "ott_gateway": {
        **_COMMON,
        "claims": "what an outbound process has in hand, for seconds; the account's are told by their body",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
    },
    "viber_gateway": {
        **_COMMON,
        "claims": "what an outbound process has in hand, for seconds; the account's are told by their body",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
    },
    "rcs_gateway": {
        **_COMMON,
        "claims": "what an outbound process has in hand, for seconds; the account's are told by their body",
        "instances": "running outbound processes",
        "lane_outbox": "messages on their way, for seconds",
    },
    "reporting": {
        **_COMMON,
        "cleared_days": "days of which a channel's messages are gone",
        "late_messages": "ids of messages, forgotten within an hour of these",
    },
    "api_gateway": {
        "slots": "what is going on at the moment, by an id, for minutes",
        "rate_windows": "counts by the account's id, for an hour",
    },
}
# Links that no foreign key declares.
LINKS: dict[str, dict[str, tuple[str, str]]] = {
    "contacts": {"file_chunks.file_id": ("files", "id"), "import_problems.import_id": ("jobs", "id")},
    "sms_gateway": {
        "claims.send_id": ("sends", "send_id"),
        "ledger_parts.message_id": ("ledger", "message_id"),
        "unknown_messages.message_id": ("ledger", "message_id"),
    },
}
# What stays, with the columns in which the account's own words may still stand. The law keeps invoices and what they
# are made from; the trail keeps who did what by ids; an account's name is never given out again.
KEPT: dict[str, set[str]] = {
    "identity.accounts": set(),
    "identity.audit_entries": {"action", "target_id", "request_id", "reason"},
    "identity.invoices": {
        *("series", "number", "seller", "buyer", "lines", "vat_rates", "currency", "exemption", "note"),
    },
    "identity.invoice_duplicates": set(),
    "identity.plan_charges": set(),
    "identity.plan_terms": {"plan_code", "plan_name", "price_currency", "buyer"},
    "api_gateway.ended_accounts": set(),  # its id, so that its links end, until they are too old anyway
    "api_gateway.short_link_blocks": set(),  # ids and positions without the links, so that these end
    # its id, so that what is told of it late changes nothing
    **{
        f"{s}.account_suspensions": set()
        for s in (
            "campaigns",
            "sms_gateway",
            "email_gateway",
            "push_gateway",
            "ott_gateway",
            "viber_gateway",
            "rcs_gateway",
            "reporting",
            "api_gateway",
        )
    },
    "reporting.closed_accounts": set(),  # its id, so that late events of it are left out
}
# Values that cannot be guessed.
GIVEN: dict[str, dict[str, Any]] = {
    "campaigns": {"campaigns.step_of": None},
    "contacts": {"jobs.kind": "import"},
    "api_gateway": {"short_link_blocks.position": itertools.count(1).__next__},
    "identity": {
        "invoices.gross_amount": 2,
        "invoices.corrects_id": None,
        "invoices.lines_before": None,
        "quota_periods.limit_units": 2,
        "api_keys.made_by": None,
        "sessions.operator_id": None,
    },
}


@pytest.fixture(scope="module")
def call(launch_once: Callable[..., Any], amqp_url: str, database_url: Callable[[str], str]) -> Any:
    """`call("identity.close_account", actor, payload)`: every service, as it runs, in one process."""
    targets = [f"{service}.service:{service_class(service).__name__}" for service in SERVICES]
    urls = {f"{service.upper()}_DATABASE_URL": database_url(service) for service in DATABASES}
    command = [*nameko_command(targets[0], amqp_url), *targets[1:]]
    launch_once("services", command=command, env={**urls, "HEALTH_PORT": "0", "ARGON2_MEMORY_KIB": "64"}, wait=False)
    broker = Broker(amqp_url, "test").start()
    client = RpcClient(broker)

    def is_up() -> bool:
        try:
            return bool(client.call("identity.list_plans", {}, {}, deadline=1.0))
        except Unavailable:
            return False

    wait_until(is_up, timeout=60, what="the services")
    yield client.call
    broker.close()


@pytest.fixture(scope="module")
def gateway(call: Any, amqp_url: str, open_database: Callable[[str], Any]) -> Any:
    """The part of the gateway that takes the event."""
    stop, broker = threading.Event(), Broker(amqp_url, "test").start()
    thread = threading.Thread(target=AccountClosing(broker, open_database("api_gateway")).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()
    broker.close()


def registered(call: Any, name: str) -> UUID:
    registration = {
        "login": name, "email": f"{name}@example.com", "password": "trzy zielone parasole", "account_name": name,
        "accept_terms": True, "language": "pl",
    }  # fmt: skip
    return UUID(call("identity.register_account", {"address": "192.0.2.1"}, registration)["account_id"])


def an_operator(database_url: Callable[[str], str]) -> UUID:
    operator_id = uuid4()
    with psycopg.connect(database_url("identity")) as connection:
        connection.execute(
            "INSERT INTO operators (id, login, email, password_hash, totp_secret, created_at)"
            " VALUES (%s, 'dyzurny', 'ops@example.com', '', '', now())",
            (operator_id,),
        )
    return operator_id


def fill(database_url: Callable[[str], str], service: str, account_id: UUID, mark: str) -> dict[str, dict[str, Any]]:
    """A row of the account in every table of the service that can hold one; rows by table."""
    with psycopg.connect(database_url(service)) as connection:
        tables = tables_of(connection, LINKS.get(service, {}))
        filler = Filler(connection, tables, account_id, mark, GIVEN.get(service, {}))
        held = held_tables(tables)
        if service == "identity":  # the account itself was registered
            held.add("accounts")
            filler.rows["accounts"] = {"id": account_id}
            connection.execute(
                "UPDATE accounts SET company = jsonb_build_object('name', %s::text) WHERE id = %s", (mark, account_id)
            )
        if service == "sms_gateway":  # identity tells of the plan as the account is registered
            connection.execute("DELETE FROM account_plans WHERE account_id = %s", (account_id,))
        unsaid = set(tables) - held - set(PLATFORM[service])
        assert not unsaid, f"{service}: say in PLATFORM or LINKS what these tables hold: {sorted(unsaid)}"
        assert not held & set(PLATFORM[service])
        for name in sorted(held):
            filler.fill(name)
        return {
            name: {key: row[key] for key in _keys(tables[name])} for name, row in filler.rows.items() if name in held
        }


def _keys(table: Any) -> list[str]:
    return ["account_id"] if table.has_account else table.primary_key


def left(database_url: Callable[[str], str], rows_by_service: dict[str, dict[str, dict[str, Any]]]) -> dict[str, int]:
    """How many rows are left of those that were made, by `service.table`; nothing for none."""
    counts = {}
    for service, rows in rows_by_service.items():
        with psycopg.connect(database_url(service)) as connection:
            for table, keys in rows.items():
                condition = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(key)) for key in keys)
                query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), condition)
                count = connection.execute(query, list(keys.values())).fetchone()[0]
                if count:
                    counts[f"{service}.{table}"] = count
    return counts


def test_acts_in_every_service_stand_in_the_accounts_trail(call: Any) -> None:
    account_id = str(registered(call, "czynny"))
    actor = {"account_id": account_id, "user_id": str(uuid4()), "permissions": sorted(OWNER), "address": "192.0.2.7"}
    acts = [
        ("group.created", call("contacts.create_group", actor, {"name": "Zima"})),
        ("campaign.created", call("campaigns.create_campaign", actor, {"name": "Zima", "channel": "sms"})),
        ("sender_id.requested", call("sms_gateway.request_sender_id", actor, {"sender": "Zima"})),
        ("sender_domain.added", call("email_gateway.create_sender_domain", actor, {"domain": "zima.example"})),
    ]

    def trail() -> list[Any]:
        asked = {"address": "192.0.2.7", "limit": 10}
        items: list[Any] = call("identity.list_audit_entries", actor, asked)["items"]
        return items if len(items) == len(acts) else []

    entries = wait_until(trail, what="the acts in the trail")
    assert [(entry["action"], entry["target_id"]) for entry in entries][::-1] == [(a, made["id"]) for a, made in acts]
    assert {entry["user_id"] for entry in entries} == {actor["user_id"]}


def test_closing_leaves_nothing_but_what_the_law_keeps(
    call: Any, gateway: None, database_url: Callable[[str], str]
) -> None:
    closed, other = registered(call, "zamykany"), registered(call, "otwarty")
    rows = {service: fill(database_url, service, closed, MARKS[0]) for service in DATABASES}
    others = {service: fill(database_url, service, other, MARKS[1]) for service in DATABASES}
    before, beside = left(database_url, rows), left(database_url, others)
    made = {f"{service}.{table}" for service, tables in rows.items() for table in tables}
    assert {place for place in made - set(before) if not place.endswith(RETURNED)} == set()

    operator = {"operator_id": str(an_operator(database_url)), "address": "192.0.2.9"}
    call("identity.close_account", operator, {"account_id": str(closed), "reason": "Asked for by the owner"})

    ends = time.monotonic() + ERASED_SECONDS
    while (remaining := set(left(database_url, rows))) != set(KEPT) and time.monotonic() < ends:
        time.sleep(0.2)
    assert remaining == set(KEPT)
    for place, columns in KEPT.items():
        service, table = place.split(".")
        with psycopg.connect(database_url(service)) as connection:
            assert marked_columns(connection, table, MARKS[0]) <= columns, place
    kept = left(database_url, others)
    lost = {place for place in beside if kept.get(place) != beside[place] and not place.endswith(RETURNED)}
    assert lost == set(), "another account lost something"
