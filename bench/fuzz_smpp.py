"""Made-up PDUs against the codec, the partners' ports and our own binds: does all live, stay as large as it was and work afterwards?

    python bench/fuzz_smpp.py [--pdus 1000000] [--seconds 3600] [--pause 0.05] [--seed N]

Needs what `kill_reporting.py` needs. First so many PDUs through the codec: whole ones, broken ones and noise, in pieces; nothing but a
`PduError` may come of them, and what was whole must come out as it went in. Then for so long `sms_gateway.smpp_server` (plain and
TLS) is talked to by ESMEs that are bound as they should be and go on as no program does, while `sms_gateway.outbound`, which
sends what they submitted, is bound to an SMSC that answers as none does, beside one that is well. It ends with 1 where a
process died, logged an exception, grew by more than `GROWTH`, or where a partner's message does not arrive afterwards
with its receipt.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import smpplib.client
from partners_sms import Account, partners, wait_ready

from channel.testing import answer_for_identity
from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import (
    LINK_KEYS,
    SECRET_KEYS,
    delete_vhost,
    free_port,
    make_vhost,
    migrated_database,
)
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp import receipts, requests
from sms_gateway.smpp.constants import HEADER_SIZE, RESPONSE, Command, Tag
from sms_gateway.usecases import carriers

ESMES, PATIENCE = 3, 1.0
GROWTH = 1.5  # of the size after the first tenth of the time
LEAST_GROWTH = 30.0  # MB: what is no growth, however small it was
ILL, WELL = "4850", ""  # whose prefix leads to the SMSC that is ill, and to the one that is well
TEXTS = (
    b"id:%s sub:001 dlvrd:001 submit date:2611302359 done date:2611302359 stat:DELIVRD err:000 text:",
    b"id: %s stat: UNDELIVERED err:\xff", b"stat:DELIVRD", b"id:%s" * 9, b"STOP", b"\0i\0d", b"", b"\x05\0\3\1\2\1id:%s",
)  # fmt: skip


class Maker:
    """PDUs, whole and broken, from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._commands = sorted(smpp.BODIES)

    def whole(self, command: int | None = None) -> smpp.Pdu:
        chance = self.chance
        command = command if command is not None else chance.choice(self._commands)
        fields = {name: self._value(kind, size) for name, kind, size in smpp.BODIES[command]}
        tags = [int(chance.choice(list(Tag))) if chance.random() < 0.7 else chance.getrandbits(16) for _ in range(3)]
        tlvs = {tag: chance.randbytes(chance.choice((0, 1, 2, 4, 300))) for tag in tags[: chance.randrange(4)]}
        return smpp.Pdu(command, chance.getrandbits(32), chance.choice((0, 0, 0, 0x58, 0x08, 0xFFFFFFFF)), fields, tlvs)

    def _value(self, kind: str, size: int) -> smpp.Value:
        chance = self.chance
        if kind == smpp.BYTE:
            return chance.choice((0, 0, 1, 4, 8, 64, 255, chance.randrange(256)))
        octets = bytes(chance.randrange(1, 256) for _ in range(chance.choice((0, 1, 3, min(size - 1, 20), size - 1))))
        return octets if kind == smpp.OCTETS else octets.decode("latin-1")

    def submit(self, *, is_ill: bool) -> smpp.Pdu:
        """One that is likely to be taken."""
        chance = self.chance
        to = f"{ILL if is_ill else '4860'}{chance.randrange(10**7):07d}"
        fields = {
            "source_addr_ton": 5, "source_addr": "Wici", "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": to,
            "registered_delivery": chance.randrange(4), "data_coding": chance.choice((0, 4, 8)),
            "esm_class": chance.choice((0, 0, 0, 0x40)), "short_message": chance.choice((b"Hej", chance.randbytes(chance.randrange(254)))),
            "validity_period": chance.choice(("", "", "", "000000000100000R", "9" * 16)),
        }  # fmt: skip
        command = chance.choice((Command.SUBMIT_SM, Command.SUBMIT_SM, Command.DATA_SM))
        names = {name for name, _, _ in smpp.BODIES[command]}
        return smpp.Pdu(command, chance.getrandbits(31), 0, {n: v for n, v in fields.items() if n in names})

    def delivery(self, message_id: bytes) -> bytes:
        """A deliver_sm or data_sm, about that message or none."""
        pdu = self.whole(self.chance.choice((Command.DELIVER_SM, Command.DELIVER_SM, Command.DATA_SM)))
        pdu.fields |= {
            "source_addr": "48500100200",
            "destination_addr": "Wici",
            "esm_class": self.chance.choice((0, 4, 32, 64, 68)),
        }
        if "short_message" in pdu.fields:
            pdu.fields["short_message"] = self.chance.choice(TEXTS).replace(b"%s", message_id)
        if self.chance.random() < 0.3:
            pdu.tlvs[Tag.RECEIPTED_MESSAGE_ID] = message_id + b"\0"
        return smpp.encode(pdu)

    def broken(self, octets: bytes) -> bytes:
        """Its length mostly stays true, so that what is inside is read and the connection goes on."""
        chance, changed = self.chance, bytearray(octets)
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(changed) or 1)
            changed[at : at + chance.randrange(3)] = chance.choice(
                (b"", b"\0", b"\xff", chance.randbytes(2), b"\0" * 30)
            )
        if chance.random() < 0.95 and len(changed) >= HEADER_SIZE:
            changed[:4] = len(changed).to_bytes(4, "big")
        return bytes(changed)

    def frame(self) -> bytes:
        """Anything."""
        chance = self.chance.random()
        if chance < 0.01:
            return self.chance.randbytes(self.chance.randrange(200))
        made = self.submit(is_ill=chance < 0.6) if chance < 0.7 else self.whole()
        octets = self.multi() if chance > 0.97 else smpp.encode(made)
        return self.broken(octets) if self.chance.random() < 0.4 else octets

    def multi(self) -> bytes:
        count = self.chance.choice((0, 1, 3, 254, 255))
        to = b"".join(b"\1\1\1" + b"4860%07d\0" % self.chance.randrange(10**7) for _ in range(min(count, 9)))
        body = b"\0\5\0Wici\0" + bytes((count,)) + to + b"\0\0\0\0\0\1\0\0\0\3Hej"
        return smpp.pack_header(HEADER_SIZE + len(body), 0x21, 0, self.chance.getrandbits(31)) + body


# Who reads which command beside `decode`.
READERS = {
    Command.SUBMIT_SM: requests.read, Command.SUBMIT_MULTI: requests.read, Command.DATA_SM: requests.read,
    Command.DELIVER_SM: receipts.read_deliver,
}  # fmt: skip


def read_by_all(frame: bytes) -> None:
    """What each reader refuses is a `PduError`."""
    command = int.from_bytes(frame[4:8], "big")
    readers = [smpp.decode, *([READERS[command]] if command in READERS and len(frame) >= HEADER_SIZE else [])]
    for read in readers + ([receipts.read_data] if command == Command.DATA_SM else []):
        with suppress(smpp.PduError):
            read(frame)


def fuzz_codec(pdus: int, seed: int) -> list[str]:
    maker, wrong, started, first = Maker(seed), [], time.process_time(), 0
    for number in range(pdus):
        octets = maker.frame()
        try:
            if number % 3 == 0:
                pdu = maker.whole()
                if smpp.decode(smpp.encode(pdu)) != pdu:
                    wrong.append(f"another PDU came out than went in: {smpp.encode(pdu).hex()}")
                read_by_all(maker.delivery(b"%x" % number))
            with suppress(smpp.PduError):
                frames, rest = smpp.split_frames(octets + octets[:7])
                assert b"".join(frames) + rest == octets + octets[:7]
            read_by_all(octets)
        except Exception as error:
            wrong.append(f"{error!r} of {octets.hex()}")
        if len(wrong) > 5:
            break
        if number == pdus // 10:
            first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    last = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = (time.process_time() - started) / max(pdus, 1) * 1e6
    say(
        f"codec: {pdus:,} PDUs, made and read in {took:.0f} µs of CPU each; {first / 1024:.0f} MB, then {last / 1024:.0f} MB"
    )
    return wrong + (["the codec grew"] if pdus and last > first * GROWTH else [])


class Esme(threading.Thread):
    """Session after session with the server, each from an address of its own."""

    def __init__(self, ports: tuple[int, int], accounts: list[Account], seed: int, ends: float, pause: float) -> None:
        super().__init__(daemon=True)
        self.maker, self.answers, self.sessions = Maker(seed), Counter[str](), 0
        self._ports, self._accounts, self._ends, self._pause = ports, accounts, ends, pause

    def run(self) -> None:
        while time.monotonic() < self._ends:
            with suppress(OSError, ssl.SSLError):
                self._session()
            time.sleep(self._pause)

    def _session(self) -> None:
        chance = self.maker.chance
        is_tls = chance.random() < 0.3
        here = (f"127.{chance.randrange(1, 255)}.{chance.randrange(255)}.{chance.randrange(1, 255)}", 0)
        with socket.create_connection(("127.0.0.1", self._ports[is_tls]), 5, here) as plain:
            plain.settimeout(PATIENCE)
            connection = _context().wrap_socket(plain) if is_tls and chance.random() < 0.9 else plain
            self.sessions += 1
            if chance.random() < 0.85:
                connection.sendall(self._bind())
                self._read(connection)
            for _ in range(chance.randrange(1, 30)):
                self._write(connection, b"".join(self.maker.frame() for _ in range(chance.choice((1, 1, 1, 20)))))
                if chance.random() < 0.7:
                    self._read(connection)
            if chance.random() < 0.3:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _bind(self) -> bytes:
        chance = self.maker.chance
        name, password = chance.choice(self._accounts)
        command = chance.choice(
            (Command.BIND_TRANSCEIVER, Command.BIND_TRANSCEIVER, Command.BIND_TRANSMITTER, Command.BIND_RECEIVER)
        )
        password = password if chance.random() < 0.95 else "wrong"
        return smpp.encode(
            smpp.Pdu(command, 1, 0, {"system_id": name, "password": password, "interface_version": 0x34})
        )

    def _write(self, connection: socket.socket, octets: bytes) -> None:
        if self.maker.chance.random() < 0.1:
            for start in range(min(len(octets), 40)):
                connection.sendall(octets[start : start + 1])
            octets = octets[40:]
        connection.sendall(octets)

    def _read(self, connection: socket.socket) -> None:
        with suppress(TimeoutError, smpp.PduError):
            if not (octets := connection.recv(65_536)):
                raise ConnectionError
            for frame in smpp.split_frames(octets)[0]:
                _, command, status, sequence = smpp.unpack_header(frame)
                self.answers[f"{command & ~RESPONSE:x}/{status:x}"] += 1
                if command == Command.DELIVER_SM and self.maker.chance.random() < 0.8:
                    body = b"\0" if self.maker.chance.random() < 0.9 else b""
                    connection.sendall(
                        smpp.pack_header(HEADER_SIZE + len(body), command | RESPONSE, 0, sequence) + body
                    )


class IllSmsc:
    """An SMSC that answers as none does; a thread for each bind."""

    def __init__(self, seed: int) -> None:
        self.maker, self.submits, self.binds = Maker(seed), 0, 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            self.binds += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        buffer = b""
        connection.settimeout(30)
        with suppress(OSError, smpp.PduError), connection:
            while octets := connection.recv(65_536):
                frames, buffer = smpp.split_frames(buffer + octets)
                for frame in frames:
                    connection.sendall(self._answer(frame))
                    if self.maker.chance.random() < 0.002:
                        return

    def _answer(self, frame: bytes) -> bytes:
        """Mostly as it should be, so that the talk goes on."""
        chance = self.maker.chance
        _, command, _, sequence = smpp.unpack_header(frame)
        if command & RESPONSE:
            return b""
        message_id = b"%x" % chance.getrandbits(40)
        self.submits += command == Command.SUBMIT_SM
        status = chance.choice((0, 0, 0, 0, 0, 0x58, 0x08, 0x0B, 0x7777)) if command == Command.SUBMIT_SM else 0
        body = b"" if status or command in (Command.UNBIND, Command.ENQUIRE_LINK) else message_id + b"\0"
        good = smpp.pack_header(HEADER_SIZE + len(body), command | RESPONSE, status, sequence) + body
        if command != Command.SUBMIT_SM:
            return good if chance.random() < 0.9 else self.maker.broken(good)
        made = [good, self.maker.delivery(message_id), smpp.encode(self.maker.whole()), self.maker.broken(good), b""]
        return b"".join(chance.choices(made, (90, 40, 6, 1, 2), k=2))


class Watched:
    """A process, how large it is and what it logged."""

    def __init__(self, name: str, environ: dict[str, str], folder: Path) -> None:
        self.name, self.health, self._path = name, free_port(), folder / f"{name}.log"
        environ = {**environ, "HEALTH_PORT": str(self.health)}
        with self._path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"sms_gateway.{name}"], env=environ, stdout=log, stderr=log
            )

    def megabytes(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss / 1e6) if self.process.poll() is None else 0.0

    def is_ready(self) -> bool:
        with suppress(OSError, SystemExit):
            wait_ready(self.health)
            return True
        return False

    def exceptions(self) -> list[str]:
        with self._path.open("rb") as log:
            return [
                line.decode("utf-8", "replace")[:2000] for line in log if b'"exception"' in line or b"Traceback" in line
            ]


def arrives(port: int, account: Account) -> str:
    """What is wrong with a message of a partner who is well, by a client that is not ours; nothing where its receipt came."""
    told: list[bytes] = []
    try:
        client = smpplib.client.Client("127.0.0.1", port, timeout=30, allow_unknown_opt_params=True)
        client.set_message_received_handler(lambda pdu: told.append(pdu.short_message))
        client.connect()
        client.bind_transceiver(system_id=account[0], password=account[1])
        client.send_message(
            source_addr_ton=5, source_addr_npi=0, source_addr="Wici", dest_addr_ton=1, dest_addr_npi=1,
            destination_addr="48600999999", short_message=b"Well", registered_delivery=1,
        )  # fmt: skip
        until = time.monotonic() + 120
        while not any(b"stat:DELIVRD" in each for each in told) and time.monotonic() < until:
            client.read_once()
        return "" if told else "no receipt came"
    except Exception as error:
        return f"a partner who is well is not served: {error!r}"


@contextmanager
def well_smsc() -> Iterator[int]:
    port, http = free_port(), free_port()
    words = ["--port", str(port), "--http-port", str(http), "--settings", json.dumps({"receipt_delay": 0.1})]
    simulator = subprocess.Popen([sys.executable, "-m", "wici_simulators.smsc", *words], stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        simulator.kill()
        simulator.wait()


def certificate(folder: Path) -> str:
    path = folder / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
         "-subj", "/CN=localhost", "-keyout", str(path), "-out", str(folder / "certificate.pem")], check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (folder / "certificate.pem").read_text())
    return str(path)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def add_carriers(database: Database, *wanted: tuple[str, int, str]) -> None:
    """Each by name, port and the prefix of its route."""
    asked: dict[str, Any] = {"actor": {"operator_id": str(new_id())}, "now": datetime.now(UTC), "reason": "Fuzzing"}
    with database.transaction() as session:
        for name, port, prefix in wanted:
            made = carriers.create_carrier(
                session, **asked, vault=Vault(SECRET_KEYS), name=name, host="127.0.0.1", port=port, system_id="bench",
                password="x", binds=2, response_timeout=10,
            )  # fmt: skip
            carriers.create_route(session, **asked, carrier_id=made["id"], prefix=prefix, priority=100)


def fuzz_ports(stack: ExitStack, options: argparse.Namespace) -> list[str]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    amqp = make_vhost()
    stack.callback(delete_vhost, amqp)
    url, well = stack.enter_context(migrated_database("sms_gateway")), stack.enter_context(well_smsc())
    broker = Broker(amqp, "bench").start()
    stack.callback(broker.close)
    answer_for_identity(broker)
    database = Database(make_engine(url, pool_size=2))
    stack.callback(database.dispose)
    ill, ports = IllSmsc(options.seed), (free_port(), free_port())
    add_carriers(database, ("ill", ill.port, f"+{ILL}"), ("well", well, WELL))
    environ = {
        **os.environ, "AMQP_URL": amqp, "SMS_GATEWAY_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS, "WICI_LINK_KEYS": LINK_KEYS,
        "WICI_SMPP_PORT": str(ports[0]), "WICI_SMPP_TLS_PORT": str(ports[1]), "SMPP_TLS_CERTIFICATE": certificate(folder),
        "SMPP_RESPONSE_SECONDS": "10", "SMPP_CONNECTIONS_PER_ADDRESS": "10",
    }  # fmt: skip
    watched = [Watched("smpp_server", environ, folder), Watched("outbound", environ, folder)]
    for each in watched:
        stack.callback(each.process.wait)
        stack.callback(each.process.terminate)
    accounts = partners(database, ESMES + 1)
    if not all(each.is_ready() for each in watched) or (wrong := arrives(ports[0], accounts[-1])):
        return [f"it does not come up: {wrong}", *(each.exceptions()[0] for each in watched if each.exceptions())]
    ends = time.monotonic() + options.seconds
    esmes = [Esme(ports, accounts[:-1], options.seed * 100 + n, ends, options.pause) for n in range(ESMES)]
    for esme in esmes:
        esme.start()
    time.sleep(options.seconds / 10)
    first = [each.megabytes() for each in watched]
    for esme in esmes:
        esme.join()
    say(
        f"ESMEs: {sum(e.sessions for e in esmes):,} sessions; answers {dict(sum((e.answers for e in esmes), Counter()).most_common(16))}"
    )
    say(f"the SMSC that is ill: {ill.binds:,} binds, {ill.submits:,} messages")
    return _of_processes(watched, first) + [each for each in (arrives(ports[0], accounts[-1]),) if each]


def _of_processes(watched: list[Watched], first: list[float]) -> list[str]:
    wrong = [f"{each.name} ended with {code}" for each in watched if (code := each.process.poll()) is not None]
    for each, megabytes in zip(watched, first, strict=True):
        say(f"{each.name}: {megabytes:.0f} MB after a tenth of the time, {(now := each.megabytes()):.0f} MB at the end")
        wrong += [f"{each.name} grew"] if now > max(megabytes * GROWTH, megabytes + LEAST_GROWTH) else []
        wrong += each.exceptions()[:5]
    return wrong


def say(words: Any) -> None:
    print(words, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pdus", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3_600)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between the sessions of an ESME")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    os.environ["WICI_DEVELOPMENT"] = "1"
    wrong = fuzz_codec(options.pdus, options.seed)
    if options.seconds:
        with ExitStack() as stack:
            wrong += fuzz_ports(stack, options)
    say(f"seed {options.seed}; wrong: {wrong or 'nothing'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
