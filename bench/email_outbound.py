"""How fast `email_gateway.outbound` sends: signed 10 KB e-mails from the bulk lane to a sink, counted when settled.

    python bench/email_outbound.py [--messages 50000] [--processes 1] [--share 0.2] [--sink smtp-sink|simulator]

Needs PostgreSQL and RabbitMQ (WICI_TEST_DATABASE_URL, WICI_TEST_AMQP_URL, WICI_TEST_RABBITMQCTL) and makes a database
and a vhost of its own there. Prints messages a second, CPU per message and process, and the ratio to the bare RSA-2048
limit of this machine: a signature is most of what an e-mail costs, so nothing can be faster than that. `--share` holds each
process, with its composers, to that part of a core (`slow_cores`), so that one and two tell what the second adds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psutil
from figures import Figure, tell
from slow_cores import held
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database, make_engine
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import LINK_KEYS, SECRET_KEYS, delete_vhost, free_port, make_vhost, migrated_database
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.content import dkim
from email_gateway.content.compose import Composer, Links
from email_gateway.content.prepare import Kind, prepare
from email_gateway.domain.senders import SenderState
from email_gateway.models import DkimKey, SenderDomain
from email_gateway.usecases import contents

DOMAIN = "sklep.example"
TICKS = os.sysconf("SC_CLK_TCK")


def html(kilobytes: float) -> str:
    """A newsletter: tables, a little Polish, five links; makes an e-mail of about so many kilobytes."""
    rows = '<tr><td style="padding:8px;font-family:Arial">Nowa kolekcja już w sklepie, dziś taniej</td></tr>\n'
    links = "".join(f'<a href="https://sklep.example/p/{n}">Produkt {n}</a> ' for n in range(4))
    count = max(1, int((kilobytes * 1000 - 2400) / 125))
    return (
        "<html><body><h1>Cześć {{ first_name|default('Kliencie') }} z miasta {{ city }}!</h1>"
        f"<table>{rows * count}</table>{links}<a href='{{{{ unsubscribe_url }}}}'>Wypisz</a></body></html>"
    )


def content(kilobytes: float) -> dict[str, str]:
    return {
        "from_email": f"news@{DOMAIN}",
        "from_name": "Sklep Łąka",
        "subject": "{{ first_name }}, mamy coś dla Ciebie",
        "html": html(kilobytes),
        "text": "Cześć {{ first_name }}!\n\nNowa kolekcja: https://sklep.example/\n\nWypisz: {{ unsubscribe_url }}\n",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--share", type=float, help="of a core, that each of them may use")
    parser.add_argument("--sink", choices=("smtp-sink", "simulator"), default="smtp-sink")
    parser.add_argument("--kilobytes", type=float, default=10)
    parser.add_argument("--profile", help="write a py-spy flame graph of the first process here")
    options = parser.parse_args()
    limit = rsa_limit()
    per_message, size = composing(options.kilobytes)
    print(f"bare RSA-2048: {limit:,.0f} signatures/s a core")
    print(f"composing and signing alone: {per_message:.0f} µs of CPU, {size:,} octets")
    with ExitStack() as stack:
        run(stack, options, limit)


def rsa_limit(seconds: float = 1.0) -> float:
    signer = dkim.load_signer(DOMAIN, "s", dkim.new_private_key("rsa"))
    count, started = 0, time.process_time()
    while time.process_time() - started < seconds:
        signer._signature(b"x" * 500)
        count += 1
    return count / (time.process_time() - started)


def composer_of(mail: dict[str, str]) -> Composer:
    """Of a campaign's content, with an RSA-2048 key."""
    prepared = prepare(mail, Kind.CAMPAIGN, UUID(int=1))
    assert prepared.document is not None, prepared.problems
    signer = dkim.load_signer(DOMAIN, "s", dkim.new_private_key("rsa"))
    links = Links(public_url="http://127.0.0.1:8000", key=b"k", return_path_key=b"r")
    return Composer(prepared.document, signers=[signer], return_path="b.example", links=links)


def composed(composer: Composer, number: int = 1) -> bytes:
    return composer.compose(
        message_id=UUID(int=number), address="osoba@poczta.example", fields={"first_name": "Łucja", "city": "Łódź"},
        campaign_id=UUID(int=2), contact_id=UUID(int=number), at=1_790_000_000,
    ).octets  # fmt: skip


def composing(kilobytes: float, count: int = 1000) -> tuple[float, int]:
    """CPU microseconds of one message, from fields to signed bytes, and its size."""
    composer = composer_of(content(kilobytes))
    started = time.process_time()
    for number in range(count):
        octets = composed(composer, number)
    return (time.process_time() - started) / count * 1e6, len(octets)


def run(stack: ExitStack, options: argparse.Namespace, limit: float) -> None:
    amqp_url, url = stack.enter_context(vhost()), stack.enter_context(migrated_database("email_gateway"))
    smtp_port, sink = stack.enter_context(sink_process(options.sink))
    database = Database(make_engine(url))
    stack.callback(database.dispose)
    account_id = uuid4()
    content_hash = store(database, account_id, options.kilobytes)
    broker = Broker(amqp_url, "bench").start()
    stack.callback(broker.close)
    publish(broker, account_id, content_hash, options.messages)
    environ = {
        **os.environ, "AMQP_URL": amqp_url, "EMAIL_GATEWAY_DATABASE_URL": url, "WICI_SECRET_KEYS": SECRET_KEYS,
        "WICI_LINK_KEYS": LINK_KEYS, "EMAIL_DEFAULT_ROUTE": f"smtp://127.0.0.1:{smtp_port}?tls=off&connections=8",
    }  # fmt: skip
    processes = [
        stack.enter_context(process([sys.executable, "-m", "email_gateway.outbound"], environ))
        for _ in range(options.processes)
    ]
    stack.enter_context(held(processes, options.share))
    while settled(database) < 1000:
        time.sleep(0.01)
    if options.profile:
        subprocess.Popen(
            ["py-spy", "record", "-p", str(processes[0]), "-d", "15", "-f", "raw", "--gil", "-o", options.profile]
        )
    first, started = settled(database), time.monotonic()
    before = used_by(processes, sink)
    while (done := settled(database)) < options.messages:
        time.sleep(0.1)
    elapsed, count = time.monotonic() - started, done - first
    used = {name: seconds - before[name] for name, seconds in used_by(processes, sink).items()}
    print(
        f"{count:,} messages in {elapsed:.1f} s: {count / elapsed:,.0f}/s; "
        f"{count / elapsed / limit:.2f} of one core's bare RSA limit"
    )
    for name, seconds in used.items():
        print(f"  {name}: {seconds / count * 1e6:.0f} µs of CPU a message, {seconds / elapsed * 100:.0f} % of a core")
    print(
        f"  at two whole cores (without PostgreSQL): {2 * count / sum(used.values()):,.0f}/s; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    tell(
        Figure(
            "e-mail outbound alone", "/s", count / elapsed, limit=("RSA, a core", limit),
            cpu={name: seconds / count * 1e6 for name, seconds in used.items()},
            megabytes=max(peak(pid) for pid in processes) / 1024,
        )
    )  # fmt: skip
    print(f"  peak memory of a process: {max(peak(pid) for pid in processes) // 1024} MB")


def used_by(processes: list[int], sink: int) -> dict[str, float]:
    """CPU seconds so far; the composers are the senders' children."""
    children = [child.pid for pid in processes for child in psutil.Process(pid).children(recursive=True)]
    return {"outbound": sum(map(cpu, processes)), "composers": sum(map(cpu, children)), "sink": cpu(sink)}


def store(database: Database, account_id: UUID, kilobytes: float) -> str:
    pem = dkim.new_private_key("rsa")
    domain = SenderDomain(
        domain_id=new_id(), account_id=account_id, domain=DOMAIN, state=SenderState.VERIFIED, ownership_token="x",
        found={},
        verified_at=datetime.now(UTC),
    )  # fmt: skip
    key = DkimKey(
        key_id=new_id(), algorithm="rsa", selector="s1", record="", sealed_key=Vault(SECRET_KEYS).encrypt(pem)
    )
    domain.keys.append(key)
    prepared = prepare(content(kilobytes), Kind.CAMPAIGN, account_id)
    with database.transaction() as session:
        session.add(domain)
        contents.keep(session, account_id, prepared)
    assert prepared.content_hash is not None
    return prepared.content_hash


def publish(broker: Broker, account_id: UUID, content_hash: str, messages: int, first: int = 1) -> None:
    """A campaign to people numbered from `first`."""
    head = {
        "v": 1, "account_id": str(account_id), "campaign_id": str(uuid4()), "send_id": str(new_id()),
        "content_hash": content_hash, "trace_id": "",
    }  # fmt: skip
    sent = []
    end = first + messages
    for start in range(first, end, 500):
        recipients = [
            {
                "number": number,
                "contact_id": str(UUID(int=number)),
                "address": f"osoba{number}@poczta.example",
                "fields": {"first_name": "Łucja", "city": "Łódź"},
            }
            for number in range(start, min(start + 500, end))
        ]
        body = orjson.dumps({**head, "batch_id": str(uuid4()), "recipients": recipients})
        sent.append(broker.publish(channel_lane(Channel.EMAIL, Lane.BULK), body))
    for confirmation in sent:
        confirmation.result(60)


def settled(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM ledger WHERE state <> 'claimed'")) or 0)


@contextmanager
def vhost() -> Iterator[str]:
    url = make_vhost()
    try:
        yield url
    finally:
        delete_vhost(url)


@contextmanager
def sink_process(kind: str) -> Iterator[tuple[int, int]]:
    port = free_port()
    if kind == "simulator":
        command = [
            sys.executable,
            "-m",
            "wici_simulators.mailbox",
            "--port",
            str(port),
            "--http-port",
            str(free_port()),
        ]
    else:
        command = ["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1000"]
    with process(command, dict(os.environ)) as pid:
        time.sleep(1)
        yield port, pid


@contextmanager
def process(command: list[str], environ: dict[str, str]) -> Iterator[int]:
    running = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        yield running.pid
    finally:
        running.terminate()
        running.wait(30)


def cpu(pid: int) -> float:
    """CPU seconds that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(pid: int) -> int:
    """Peak resident memory in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


if __name__ == "__main__":
    main()
