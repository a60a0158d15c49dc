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
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pika
import psycopg
from figures import Figure, tell

from chassis import seals, testing
from chassis.topology import RPC_EXCHANGE

TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD, WRONG = "trzy zielone parasole", "osiem kulawych bocianów"
AT_ONCE, ACCOUNTS = 20, 20
# What the limits allow within two minutes: ten failures of a login; forty free ones of an address, then one wait each.
PER_LOGIN, PER_ADDRESS = 10, 60
LOCKED_SECONDS = 120
VERIFIED, REFUSED = "session.wrong_credentials", "session.too_many_attempts"
# Nobody's turn came to look at the password: the guess is refused as well, and was none.
BUSY = "session.busy"

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


class Bus:
    """Asks identity in batches: all requests of a batch are on their way before the first answer is read."""

    def __init__(self, amqp_url: str) -> None:
        self._channel = pika.BlockingConnection(pika.URLParameters(amqp_url)).channel()
        self._key = uuid4().hex
        queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(queue, RPC_EXCHANGE, self._key)
        self._answers = self._channel.consume(queue, auto_ack=True)

    def ask(self, call: str, requests: Sequence[tuple[dict[str, str], dict[str, Any]]]) -> list[dict[str, Any]]:
        """Nameko's answers to `(actor, payload)`, in the order of the requests."""
        for number, (actor, payload) in enumerate(requests):
            properties = pika.BasicProperties("application/json", reply_to=self._key, correlation_id=str(number))
            self._channel.basic_publish(RPC_EXCHANGE, f"identity.{call}", asked(call, actor, payload), properties)
        answers: list[dict[str, Any]] = [{} for _ in requests]
        for _ in requests:
            _, properties, body = next(self._answers)
            answers[int(properties.correlation_id or 0)] = orjson.loads(body)
        return answers


def asked(call: str, actor: dict[str, str], payload: dict[str, Any]) -> bytes:
    """Nameko's message of a call, as the gateway makes it: identity believes nobody without a seal."""
    return orjson.dumps({"args": [seals.sealed(actor, f"identity.{call}"), payload], "kwargs": {}})


class Attacker:
    """Makes the attempts of one attack and counts how each ended."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack
        self.outcomes: Counter[str] = Counter()
        self.right_passwords = 0
        self._locked: set[str] = set()
        self._asked: list[str] = []

    def attempts(self, count: int) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """The next log-ins; every third at a login that is locked has the right password."""
        made = []
        self._asked = []
        for number, (login, address) in enumerate(itertools.islice(self.attack, count)):
            is_right = login in self._locked and number % 3 == 0
            self.right_passwords += is_right
            self._asked.append(login)
            made.append(({"address": address}, {"login": login, "password": PASSWORD if is_right else WRONG}))
        return made

    def learn(self, answers: Sequence[dict[str, Any]]) -> None:
        for login, answer in zip(self._asked, answers, strict=True):
            code, _, extra, _ = answer["error"]["exc_args"] if answer["error"] else ("in", "", "{}", "[]")
            self.outcomes[code] += 1
            if orjson.loads(extra).get("retry_after", 0) > LOCKED_SECONDS:
                self._locked.add(login)


@contextmanager
def identity(processes: int) -> Iterator[tuple[Bus, list[int], str]]:
    """A running identity: the bus to it, the pids, and the URL of its database."""
    databases, amqp_url = ExitStack(), testing.make_vhost()
    url = databases.enter_context(testing.migrated_database("identity"))
    log = Path(tempfile.mkdtemp()) / "log"
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "IDENTITY_DATABASE_URL": url, "WICI_SECRET_KEYS": testing.SECRET_KEYS,
    }  # fmt: skip
    command = testing.nameko_command("identity.service:IdentityService", amqp_url)
    running = []
    try:
        for _ in range(processes):
            port = {"HEALTH_PORT": str(testing.free_port())}
            running.append(testing.RunningProcess(command, environ | port, log).wait_ready())
        yield Bus(amqp_url), [process.pid for process in running], url
    finally:
        for process in running:
            process.stop()
        databases.close()
        testing.delete_vhost(amqp_url)


def register(bus: Bus) -> None:
    for name in (f"login{number}" for number in range(ACCOUNTS)):
        registration = {
            "login": name, "email": f"{name}@example.com", "password": PASSWORD, "account_name": name,
            "accept_terms": True, "language": "pl",
        }  # fmt: skip
        [answer] = bus.ask("register_account", [({"address": "192.0.2.1"}, registration)])
        assert not answer["error"], answer


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(attempts: int, processes: int) -> bool:
    with identity(processes) as (bus, pids, url):
        register(bus)
        attackers = {name: Attacker(attack()) for name, (attack, _) in ATTACKS.items()}
        started, cpu = time.perf_counter(), sum(map(cpu_seconds, pids))
        for _ in range(attempts // (len(attackers) * AT_ONCE) + 1):
            batch = [attempt for attacker in attackers.values() for attempt in attacker.attempts(AT_ONCE)]
            answers = bus.ask("create_session", batch)
            for number, attacker in enumerate(attackers.values()):
                attacker.learn(answers[number * AT_ONCE : (number + 1) * AT_ONCE])
        elapsed, used = time.perf_counter() - started, sum(map(cpu_seconds, pids)) - cpu
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM sessions").fetchone()
    made = sum(attacker.outcomes.total() for attacker in attackers.values())
    holds = [report(name, attacker, ATTACKS[name][1], elapsed) for name, attacker in attackers.items()]
    print(f"attempts/s           {made / elapsed:>10,.0f}   {made:,} in {elapsed:.1f} s, {processes} processes")
    tell(Figure("attempts to guess a password", "/s", made / elapsed, cpu={"identity": used / made * 1e6}))
    print(f"identity's CPU       {used / made * 1e6:>10,.0f}   µs an attempt; machine's load {os.getloadavg()[0]:.1f}")
    print(f"sessions opened      {row[0] if row else -1:>10,}")
    return all(holds) and row == (0,)


def report(name: str, attacker: Attacker, limit: int, elapsed: float) -> bool:
    """Whether the attack stayed outside; an address that waits a minute a guess has one more each."""
    verified = attacker.outcomes[VERIFIED]
    others = {code: times for code, times in attacker.outcomes.items() if code not in (VERIFIED, REFUSED, BUSY)}
    allowed = limit + (int(elapsed // 60) if limit == PER_ADDRESS else 0)
    print(
        f"{name:<27}{attacker.outcomes.total():>8,} attempts, {verified} passwords looked at of {allowed} allowed,"
        f" {attacker.outcomes[BUSY]} had no turn, {attacker.right_passwords:,} right ones behind the lock,"
        f" {attacker.outcomes['in']} got in"
    )
    if others:
        print(f"  answered otherwise: {others}")
    return not others and verified <= allowed and attacker.outcomes["in"] == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is dropped then, too
    sys.exit(0 if run(options.attempts, options.processes) else 1)
