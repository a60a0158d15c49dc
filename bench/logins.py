"""A hundred thousand log-in attempts, and how few of them get as far as a password.

    python bench/logins.py [--attempts 100000] [--processes 2]

Runs identity as it is deployed, in several processes on one database, and attacks it by RPC, many attempts at once, in
three ways side by side: one login from many addresses, many logins from one address, and few logins from few addresses.
As soon as a login or an address is locked, the right password stands among the wrong ones. Fails when an attempt
opens a session, or when more passwords are verified than the limits allow.

Needs `WICI_TEST_DATABASE_URL`, `WICI_TEST_AMQP_URL` and `WICI_TEST_RABBITMQCTL`, as the tests do; makes and drops a
database and a vhost of its own.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import sqlalchemy

from chassis import testing
from chassis.broker import Broker
from chassis.migrate import migrate
from chassis.rpc_client import RpcClient
from contracts.errors import WiciError

TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD, WRONG = "trzy zielone parasole", "osiem kulawych bocianów"
AT_ONCE, ACCOUNTS = 24, 20
# What the limits allow within two minutes: ten failures of a login; forty free ones of an address, then one wait each.
PER_LOGIN, PER_ADDRESS = 10, 60
LOCKED_SECONDS = 120
VERIFIED, REFUSED = "session.wrong_credentials", "session.too_many_attempts"

Attack = Iterator[tuple[str, str]]


def one_login_many_addresses() -> Attack:
    return (("login0", f"198.51.{number % 250}.{number // 250 % 250}") for number in itertools.count())


def many_logins_one_address() -> Attack:
    """Nine strangers for each login that exists."""
    return ((f"login{n % ACCOUNTS}" if n % 10 == 0 else f"nobody{n}", "203.0.113.7") for n in itertools.count())


def few_logins_few_addresses() -> Attack:
    return ((f"login{1 + n % (ACCOUNTS - 1)}", f"2001:db8:{n % 50:x}::{n:x}") for n in itertools.count())


ATTACKS: dict[str, tuple[Callable[[], Attack], int]] = {
    "one login, many addresses": (one_login_many_addresses, PER_LOGIN),
    "many logins, one address": (many_logins_one_address, PER_ADDRESS),
    "few logins, few addresses": (few_logins_few_addresses, (ACCOUNTS - 1) * PER_LOGIN),
}


class Attacker:
    """Makes the attempts of one attack and counts how each ended."""

    def __init__(self, client: RpcClient, attack: Attack) -> None:
        self.client, self.attack = client, attack
        self.outcomes: Counter[str] = Counter()
        self.right_passwords = 0
        self._locked: set[str] = set()
        self._lock = threading.Lock()

    def attempt(self) -> None:
        with self._lock:
            login, address = next(self.attack)
            is_right = login in self._locked and sum(self.outcomes.values()) % 3 == 0
            self.right_passwords += is_right
        payload = {"login": login, "password": PASSWORD if is_right else WRONG}
        try:
            self.client.call("identity.create_session", {"address": address}, payload, deadline=60)
            outcome, wait = "in", 0
        except WiciError as error:
            outcome, wait = error.code, int(error.extra.get("retry_after", 0))
        with self._lock:
            self.outcomes[outcome] += 1
            if wait > LOCKED_SECONDS:
                self._locked.add(login)


@contextmanager
def identity(processes: int) -> Iterator[tuple[RpcClient, list[int], str]]:
    """A running identity: a client, the pids, and the URL of its database."""
    amqp_url, name = testing.make_vhost(), f"bench_identity_{uuid4().hex[:8]}"
    admin = psycopg.connect(testing.admin_url(), autocommit=True)
    admin.execute(f"CREATE DATABASE {name}")
    url = sqlalchemy.make_url(testing.admin_url()).set(database=name).render_as_string(hide_password=False)
    migrate("identity", url)
    log = Path(tempfile.mkdtemp()) / "log"
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "IDENTITY_DATABASE_URL": url, "WICI_SECRET_KEYS": testing.SECRET_KEYS,
    }  # fmt: skip
    command = testing.nameko_command("identity.service:IdentityService", amqp_url)
    running = []
    broker = Broker(amqp_url, "bench").start()
    try:
        for _ in range(processes):
            port = {"HEALTH_PORT": str(testing.free_port())}
            running.append(testing.RunningProcess(command, environ | port, log).wait_ready())
        yield RpcClient(broker), [process.pid for process in running], url
    finally:
        for process in running:
            process.stop()
        broker.close()
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()
        testing.delete_vhost(amqp_url)


def register(client: RpcClient) -> None:
    for number in range(ACCOUNTS):
        name = f"login{number}"
        registration = {
            "login": name, "email": f"{name}@example.com", "password": PASSWORD, "account_name": name,
            "accept_terms": True, "language": "pl",
        }  # fmt: skip
        client.call("identity.register_account", {"address": f"192.0.2.{number}"}, registration, deadline=60)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(attempts: int, processes: int) -> bool:
    with identity(processes) as (client, pids, url):
        register(client)
        attackers = {name: Attacker(client, attack()) for name, (attack, _) in ATTACKS.items()}
        order = itertools.islice(itertools.cycle(attackers.values()), attempts)
        started, cpu = time.perf_counter(), sum(map(cpu_seconds, pids))
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            for _ in crowd.map(Attacker.attempt, order):
                pass
        elapsed, used = time.perf_counter() - started, sum(map(cpu_seconds, pids)) - cpu
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM sessions").fetchone()
    holds = [report(name, attacker, ATTACKS[name][1], elapsed) for name, attacker in attackers.items()]
    print(f"attempts/s           {attempts / elapsed:>10,.0f}   {attempts:,} in {elapsed:.1f} s, {processes} processes")
    print(
        f"identity's CPU       {used / attempts * 1e6:>10,.0f}   µs an attempt; machine's load {os.getloadavg()[0]:.1f}"
    )
    print(f"sessions opened      {row[0] if row else -1:>10,}")
    return all(holds) and row == (0,)


def report(name: str, attacker: Attacker, limit: int, elapsed: float) -> bool:
    """Whether the attack stayed outside; an address that waits a minute a guess has one more each."""
    verified, others = attacker.outcomes[VERIFIED], attacker.outcomes.total() - attacker.outcomes[REFUSED]
    allowed = limit + (int(elapsed // 60) if limit == PER_ADDRESS else 0)
    print(
        f"{name:<27}{attacker.outcomes.total():>8,} attempts, {verified} passwords looked at of {allowed} allowed,"
        f" {attacker.right_passwords:,} right ones behind the lock, {attacker.outcomes['in']} got in"
    )
    return verified == others and verified <= allowed and attacker.outcomes["in"] == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is dropped then, too
    sys.exit(0 if run(options.attempts, options.processes) else 1)
