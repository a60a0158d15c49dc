"""SMS killed at random, in both directions: is any message lost that was accepted, and is any sent twice outside the stated windows?

    python bench/kill_sms.py [--kills 100] [--campaign 1000] [--seed N]

Needs what `kill_reporting.py` needs. Two `sms_gateway.outbound`, bound to the simulated carrier, and two `sms_gateway.smpp_server` are
killed (SIGKILL) and started again while campaigns run (one begins whenever less than `--campaign` messages are left of
those before), partners submit over SMPP with a window, and phones write to a number of theirs. What a partner has no answer to it
submits again, and a carrier sends what is not acknowledged again. Then all may work to the end. It must hold:

- each recipient of a campaign has the end that the carrier gave it, or is unknown, and no phone has two messages; no more are
  unknown than the killed processes had claimed and not settled;
- each message that a partner was answered for has left; a phone has two only where its message was submitted again for
  want of an answer, or was claimed by a process that was killed (single messages go again rather than not at all);
- each of these has its receipt, with the state that the carrier gave, and each message of a phone that the carrier took is at the
  partner; none twice, but for what was on its way to the partner when a server was killed, and messages of phones that a
  killed outbound had on disk and had not acknowledged.

Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import UUID

from kill_email import UP_SECONDS, Process, wait_for
from partners_sms import Account
from sms_outbound import fill
from sqlalchemy import text

from channel.testing import answer_for_contacts, answer_for_identity
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import LINK_KEYS, SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts.sms_gateway import RPC
from sms_gateway.models import SenderId
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import HEADER_SIZE, RESPONSE, Command, Status
from sms_gateway.store import contents
from sms_gateway.usecases import carriers, smpp_accounts

PARTNERS, WINDOW, PATIENCE = 3, 10, 420.0
NUMBER = "48500700800"  # the partners', to which phones write
RATE = 200  # messages a second that the carrier takes by contract, so that there is always something in hand
UNDELIVERED = 0.02
ACKNOWLEDGED_WITHIN = 5.0  # seconds, however slow the machine
ENDS = {"DELIVRD": "delivered", "UNDELIV": "undelivered"}
WORDS = re.compile(rb"id:([0-9a-f]+) .*stat:([A-Z]+)")


class Smsc:
    """The simulated carrier."""

    def __init__(self) -> None:
        self.port, self._http = free_port(), free_port()
        settings = json.dumps({"response_delay": 0.1, "receipt_delay": 0.3, "undelivered_share": UNDELIVERED})
        words = ["--port", str(self.port), "--http-port", str(self._http), "--settings", settings]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wici_simulators.smsc", *words], stdout=subprocess.DEVNULL
        )

    def ask(self, path: str, body: Any = None) -> Any:
        with urlopen(f"http://127.0.0.1:{self._http}{path}", body and json.dumps(body).encode(), timeout=60) as answer:
            return json.load(answer)

    def taken(self) -> int:
        return int(self.ask("/counts")["submitted"])

    def received(self) -> Counter[str]:
        """How many messages each phone has."""
        phones, after = Counter[str](), 0
        while after is not None:
            page = self.ask(f"/messages?limit=50000&after={after}")
            phones.update(item["to"].lstrip("+") for item in page["items"])
            after = page["next_after"]
        return phones


def end_of(phone: str) -> str:
    """What the carrier makes of a message: see `wici_simulators.smsc`."""
    return "undelivered" if int(phone[-3:]) / 1000 < UNDELIVERED else "delivered"


class Partner(threading.Thread):
    """Keeps a window of messages unanswered, and submits what was lost with a connection again."""

    def __init__(self, number: int, ports: list[int], account: Account, ends: threading.Event) -> None:
        super().__init__(daemon=True)
        self._phones = iter(f"4851{number}{n:06d}" for n in range(10**6))  # none of a campaign
        self._ports, self._account, self._ends = ports, account, ends
        self._again: deque[str] = deque()
        self._pending: dict[int, str] = {}
        self._sequence = 1
        self.closes = threading.Event()
        self.answered: dict[str, str] = {}  # ids and phones
        self.unanswered, self.refused = Counter[str](), Counter[str]()
        self.receipts: Counter[tuple[str, str]] = Counter()
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        turn = 0
        while not self.closes.is_set():
            turn += 1
            with suppress(OSError, smpp.PduError):
                self._talk(self._ports[turn % len(self._ports)])
            self.unanswered.update(self._pending.values())
            self._again.extend(self._pending.values())
            self._pending.clear()
            time.sleep(0.1)

    def _talk(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            name, password = self._account
            fields = {"system_id": name, "password": password, "interface_version": 0x34}
            connection.sendall(smpp.encode(smpp.Pdu(Command.BIND_TRANSCEIVER, 1, 0, fields)))
            buffer, is_bound = b"", False
            while not self.closes.is_set():
                if select.select([connection], [], [], 0.05)[0]:
                    if not (octets := connection.recv(65_536)):
                        return
                    frames, buffer = smpp.split_frames(buffer + octets)
                    for frame in frames:
                        is_bound |= self._take(connection, smpp.decode(frame))
                if is_bound:
                    self._fill(connection)

    def _fill(self, connection: socket.socket) -> None:
        while len(self._pending) < WINDOW and (phone := self._next()):
            self._sequence += 1
            self._pending[self._sequence] = phone
            fields = {
                "source_addr_ton": 1, "source_addr": NUMBER, "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": phone,
                "registered_delivery": 1, "short_message": b"Hej",
            }  # fmt: skip
            connection.sendall(smpp.encode(smpp.Pdu(Command.SUBMIT_SM, self._sequence, 0, fields)))
        time.sleep(0.1)

    def _next(self) -> str:
        if self._again:
            return self._again.popleft()
        return "" if self._ends.is_set() else next(self._phones)

    @property
    def is_done(self) -> bool:
        return not self._again and not self._pending

    def _take(self, connection: socket.socket, pdu: smpp.Pdu) -> bool:
        """Whether the bind stands from here on."""
        if pdu.command == Command.SUBMIT_SM | RESPONSE:
            phone = self._pending.pop(pdu.sequence)
            if pdu.status == Status.OK:
                self.answered[str(pdu.fields["message_id"])] = phone
            else:
                self.refused[f"{pdu.status:#x}"] += 1
                self._again.append(phone)
        elif pdu.command == Command.DELIVER_SM:
            self._note(pdu)
            connection.sendall(smpp.pack_header(HEADER_SIZE + 1, pdu.command | RESPONSE, 0, pdu.sequence) + b"\0")
        elif pdu.command == Command.ENQUIRE_LINK:
            connection.sendall(smpp.pack_header(HEADER_SIZE, pdu.command | RESPONSE, 0, pdu.sequence))
        return pdu.command == Command.BIND_TRANSCEIVER_RESP and pdu.status == Status.OK

    def _note(self, pdu: smpp.Pdu) -> None:
        said = pdu.fields["short_message"]
        assert isinstance(said, bytes)
        if found := WORDS.match(said):
            self.receipts[found[1].decode(), ENDS.get(found[2].decode(), found[2].decode())] += 1
        else:
            self.answers[said.decode("utf-16-be" if pdu.fields["data_coding"] == 8 else "latin-1")] += 1


class Phones(threading.Thread):
    """Write to the partners' number; `said` is what the carrier has taken."""

    def __init__(self, smsc: Smsc, ends: threading.Event) -> None:
        super().__init__(daemon=True)
        self._smsc, self._ends, self.said = smsc, ends, dict[str, float]()  # and when

    def run(self) -> None:
        number = 0
        while not self._ends.is_set():
            number += 1
            words = f"odp {number}"
            with suppress(HTTPError):  # nobody is bound
                self._smsc.ask("/answers", {"from": f"48700{number:06d}", "to": NUMBER, "text": words})
                self.said[words] = time.monotonic()
            time.sleep(0.1)

    def unacknowledged(self) -> int:
        """How many may be on disk and not acknowledged yet: the carrier sends them again, without an id that tells so."""
        since = time.monotonic() - ACKNOWLEDGED_WITHIN
        return sum(at > since for at in list(self.said.values()))


class Campaigns:
    """One after the other, so that at each kill there is bulk in hand."""

    def __init__(self, broker: Broker, database: Database, size: int) -> None:
        self._broker, self._size, self._ids = broker, size, (new_id(), new_id(), new_id())
        with database.transaction() as session:
            self._content = contents.keep_content(
                session, account_id=self._ids[0], sender="Wici", content={"text": "Hej"}
            )
        self.messages = 0

    def keep_up(self, settled: int) -> None:
        while self.messages - settled < self._size:
            fill(self._broker, self.messages + self._size, *self._ids, self._content, done=self.messages)
            self.messages += self._size


_ON_THE_WAY = text("SELECT count(*) FROM smpp_deliveries WHERE attempts > 0 AND due_at > now()")
_LEDGER = text("SELECT campaign_id IS NOT NULL AS is_bulk, message_id, address, state FROM ledger")
_SETTLED = text("SELECT count(*) FROM ledger WHERE campaign_id IS NOT NULL AND state NOT IN ('accepted', 'deferred')")


def verdict(
    partners: list[Partner], phones: Phones, smsc: Smsc, database: Database, messages: int, left: Counter[str]
) -> list[str]:
    """What is wrong, line by line.

    :param left: behind by what was killed: messages claimed, by lane, `deliveries` to partners, and of `phones`.
    """
    with database.transaction() as session:
        rows = session.execute(_LEDGER).all()
        inbound = Counter(session.scalars(text("SELECT said FROM inbound_sms")))
    received = smsc.received()
    bulk = {row.address.lstrip("+"): row.state for row in rows if row.is_bulk}
    stored = Counter(row.address.lstrip("+") for row in rows if not row.is_bulk)
    lost = [words for words in list(phones.said) if not inbound[words]]
    twice = inbound.total() - len(inbound)
    return (
        _of_campaigns(received, bulk, messages, left["bulk"])
        + _of_partners(partners, received, stored, left["transactional"] + left["otp"])
        + _of_deliveries(partners, phones, left["deliveries"] + PARTNERS * left["phones"])
        + ([f"phones: {len(lost)} messages are not in the inbox, {lost[:3]}"] if lost else [])
        + ([f"phones: {twice} are there again, more than {left['phones']}"] if twice > left["phones"] else [])
    )


def _of_campaigns(received: Counter[str], state: dict[str, str], messages: int, window: int) -> list[str]:
    ends = Counter(state.values())
    found = {
        f"the ledger has {len(state)} of {messages}": len(state) != messages,
        f"another end than the carrier gave: {dict(ends)}": any(
            end not in (end_of(phone), "unknown") for phone, end in state.items()
        ),
        f"{ends['unknown']} unknown, more than {window}": ends["unknown"] > window,
        "a phone has two messages": any(received[phone] > 1 for phone in state),
        "told as delivered and not received": any(
            end != "unknown" and not received[phone] for phone, end in state.items()
        ),
    }
    return [f"campaigns: {what}" for what, is_so in found.items() if is_so]


def _of_partners(partners: list[Partner], received: Counter[str], stored: Counter[str], window: int) -> list[str]:
    answered = {phone for partner in partners for phone in list(partner.answered.values())}
    unanswered = sum((partner.unanswered.copy() for partner in partners), Counter[str]())
    missing = [phone for phone in answered if not received[phone]]
    more = [phone for phone, times in stored.items() if times > 1 + unanswered[phone]]
    again = sent_again(received, stored)
    found = {
        f"{sum(not partner.is_done for partner in partners)} have messages in hand": not all(
            p.is_done for p in partners
        ),
        f"{len(missing)} answered and not received, {missing[:3]}": bool(missing),
        f"{len(more)} are stored more often than they were submitted": bool(more),
        f"{again} sent again, more than {window}": again > window,
    }
    return [f"partners: {what}" for what, is_so in found.items() if is_so]


def sent_again(received: Counter[str], stored: Counter[str]) -> int:
    """How many messages of partners the carrier has beside one for each that was stored."""
    return sum(max(received[phone] - times, 0) for phone, times in stored.items())


def _of_deliveries(partners: list[Partner], phones: Phones, window: int) -> list[str]:
    receipts = sum((partner.receipts.copy() for partner in partners), Counter[tuple[str, str]]())
    answers = sum((partner.answers.copy() for partner in partners), Counter[str]())
    answered = {name: phone for partner in partners for name, phone in list(partner.answered.items())}
    without = [name for name, phone in answered.items() if not receipts[name, end_of(phone)]]
    wrong = [name for name, state in receipts if name in answered and state != end_of(answered[name])]
    unheard = [words for words in list(phones.said) if answers[words] < len(partners)]
    twice = doubled(partners)
    found = {
        f"{len(without)} without their receipt, {without[:3]}": bool(without),
        f"{len(wrong)} receipts say another state than the carrier's": bool(wrong),
        f"{len(unheard)} messages of phones did not come, {unheard[:3]}": bool(unheard),
        f"{twice} came twice, more than {window}": twice > window,
    }
    return [f"deliveries: {what}" for what, is_so in found.items() if is_so]


def doubled(partners: list[Partner]) -> int:
    """Receipts and messages of phones that a partner got beside the first."""
    return sum(
        times - 1
        for partner in partners
        for some in (partner.receipts, partner.answers)
        for times in list(some.values())
    )


def prepared(database: Database, smsc: Smsc) -> list[Account]:
    """The carrier with its route, and partners of one account, each of whom gets what phones write."""
    asked: dict[str, Any] = {"actor": {"account_id": str(new_id())}, "now": None}
    settings = {
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "bench",
        "password": "x",
        "binds": 2,
        "window": 50,
        "rate": RATE,
    }
    made = []
    with database.transaction() as session:
        carriers.put_carrier(session, vault=Vault(SECRET_KEYS), name="bench", reason="Benchmark", settings=settings)
        account_id = UUID(asked["actor"]["account_id"])
        session.add(
            SenderId(id=new_id(), account_id=account_id, sender=f"+{NUMBER}", sender_key=f"+{NUMBER}", state="active")
        )
        for _ in range(PARTNERS):
            request = RPC["create_smpp_account"].load({"name": "Bench", "rate": 1_000})
            account = smpp_accounts.create_smpp_account(session, **asked, **request)
            made.append((account["system_id"], account["password"]))
    return made


def run(stack: ExitStack, options: argparse.Namespace) -> int:
    chance, smsc = random.Random(options.seed), Smsc()
    stack.callback(smsc.process.wait)
    stack.callback(smsc.process.kill)
    amqp, url = stack.enter_context(vhost()), stack.enter_context(migrated_database("sms_gateway"))
    database = Database(make_engine(url, pool_size=3))
    stack.callback(database.dispose)
    broker = Broker(amqp, "bench").start()
    stack.callback(broker.close)
    answer_for_identity(broker)
    answer_for_contacts(broker)
    accounts, ports, processes = prepared(database, smsc), [free_port(), free_port()], []
    environ = {
        **os.environ, "AMQP_URL": amqp, "SMS_GATEWAY_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS, "WICI_LINK_KEYS": LINK_KEYS,
        "WICI_DEVELOPMENT": "1", "SMPP_CONNECTIONS_PER_ADDRESS": "1000", "SMS_UNMATCHED_AFTER": "20",
    }  # fmt: skip
    for name, more in (
        ("outbound", {}),
        ("outbound", {}),
        *(("smpp_server", {"WICI_SMPP_PORT": str(port)}) for port in ports),
    ):
        processes.append(Process(name, {**environ, **more}, database, "sms_gateway"))
        stack.callback(processes[-1].stop)
    wait_for(lambda: all(process.is_ready for process in processes), UP_SECONDS)
    ends, campaigns = threading.Event(), Campaigns(broker, database, options.campaign)
    partners = [Partner(number, ports, account, ends) for number, account in enumerate(accounts)]
    phones, kills, left = Phones(smsc, ends), Counter[str](), Counter[str]()
    for thread in (*partners, phones):
        thread.start()
    for _ in range(options.kills):
        kills[_kill_one(chance, processes, campaigns, smsc, phones, database, left)] += 1
    ends.set()
    print(
        f"seed {options.seed}, killed {kills.total()} times: {dict(kills)}; left behind by them: {dict(left)}",
        flush=True,
    )
    until = time.monotonic() + PATIENCE
    while (wrong := verdict(partners, phones, smsc, database, campaigns.messages, left)) and time.monotonic() < until:
        time.sleep(3)
    told(partners, phones, smsc, database)
    print(f"wrong: {wrong or 'nothing'}")
    for partner in partners:
        partner.closes.set()
    return 1 if wrong else 0


def _kill_one(
    chance: random.Random,
    processes: list[Process],
    campaigns: Campaigns,
    smsc: Smsc,
    phones: Phones,
    database: Database,
    left: Counter[str],
) -> str:
    """One that is ready, while messages leave; returns its name."""
    campaigns.keep_up(count(database, _SETTLED))
    before, until = smsc.taken(), time.monotonic() + 20
    while smsc.taken() == before and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(chance.uniform(0, 0.5))
    wait_for(lambda: any(process.is_ready for process in processes), UP_SECONDS)
    process = chance.choice([process for process in processes if process.is_ready] or processes)
    process.kill()
    left += process.left_behind()
    if process.name == "smpp_server":
        left["deliveries"] += count(database, _ON_THE_WAY)
    else:
        left["phones"] += phones.unacknowledged()
    process.start()
    return process.name


def count(database: Database, query: Any) -> int:
    with database.transaction() as session:
        return int(session.scalar(query))


def told(partners: list[Partner], phones: Phones, smsc: Smsc, database: Database) -> None:
    """What the windows had in them."""
    with database.transaction() as session:
        states = session.execute(
            text("SELECT campaign_id IS NOT NULL, state, count(*) FROM ledger GROUP BY 1, 2")
        ).all()
        stored = Counter(session.scalars(text("SELECT ltrim(address, '+') FROM ledger WHERE campaign_id IS NULL")))
        waiting = session.execute(
            text("SELECT attempts, count(*), min(due_at) - now() FROM smpp_deliveries GROUP BY 1")
        ).all()
    for is_bulk, state, times in states:
        print(f"{'campaigns' if is_bulk else 'partners'}: {times:,} {state}")
    print(f"{sum(len(p.answered) for p in partners):,} answered, {sum(p.unanswered.copy().total() for p in partners)} times no answer,"
          f" {stored.total() - len(stored)} of them stored all the same; refused {dict(sum((p.refused.copy() for p in partners), Counter()))}")  # fmt: skip
    print(f"{sent_again(smsc.received(), stored)} sent again after an outbound was killed; {len(phones.said):,} messages of phones;"
          f" {doubled(partners)} deliveries came twice; to come: {waiting}")  # fmt: skip


@contextmanager
def vhost() -> Iterator[str]:
    url = make_vhost()
    try:
        yield url
    finally:
        delete_vhost(url)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--campaign", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    with ExitStack() as stack:
        return run(stack, options)


if __name__ == "__main__":
    sys.exit(main())
