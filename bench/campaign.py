"""A whole campaign on the running system: messages a second from schedule to the last counted outcome.

    make up && .venv/bin/python bench/campaign.py sms --recipients 100000
    .venv/bin/python bench/campaign.py email --recipients 50000

Everything is on this machine: databases, broker, every service, and the simulators that it sends to. Prints the rate, the
CPU seconds of each process (and so what a message costs), peak memory, and the ratio to the goal. For e-mail the limit
beside it is the machine's bare RSA-2048 signing rate on one core.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "deploy/local"))

from email_outbound import composed, composer_of
from environment import running
from figures import Figure, tell
from journey import DOMAIN, EMAIL_HTML, EMAIL_SUBJECT, Journey, final_count
from processes import statuses

GOALS = {"sms": 20_000, "email": 3_500}
FIRST_NAMES = ("Łucja", "Jan", "Małgorzata", "Stanisław", "Żaneta", "Ola", "Świętosława", "Adam")
CITIES = ("Gdynia", "Łódź", "Kraków", "Rzeszów", "Białystok")
TEXT = "Dzien dobry {{ first_name | default('') }}, kod {{ discount_code | default('RABAT') }} czeka w {{ city }}."
EMAIL_BYTES = 10_000
SAMPLE_SECONDS = 2.0


@dataclass
class Usage:
    """CPU seconds and peak memory of one process (and those it started)."""

    cpu: float = 0.0
    peak: int = 0


@dataclass
class Meter:
    """Samples every process of the system until `stop`: rarely, for what it takes of the processor the system lacks."""

    roots: dict[str, int]
    usages: dict[str, Usage] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Meter:
        self._first = self._sample()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self.stop.wait(SAMPLE_SECONDS):
            self._note()
        self._note()

    def _note(self) -> None:
        for name, (cpu, memory) in self._sample().items():
            usage = self.usages.setdefault(name, Usage())
            usage.cpu = max(usage.cpu, cpu - self._first.get(name, (0.0, 0))[0])
            usage.peak = max(usage.peak, memory)

    def _sample(self) -> dict[str, tuple[float, int]]:
        root_of = self._families()
        found: dict[str, tuple[float, int]] = {}
        for pid, name in root_of.items():
            try:
                process = psutil.Process(pid)
                times, memory = process.cpu_times(), process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            cpu, before = found.get(name, (0.0, 0))
            found[name] = (cpu + times.user + times.system, before + memory)
        return found

    def _families(self) -> dict[int, str]:
        """Whose each process is, by one look at all that run: a root's, or what a root has started."""
        name_of = {pid: name for name, pid in self.roots.items()}
        parents = {process.pid: process.info["ppid"] for process in psutil.process_iter(["ppid"])}
        for pid in parents:
            line = [pid]
            while line[-1] not in name_of and parents.get(line[-1]):
                line.append(parents[line[-1]])
            if line[-1] in name_of:
                name_of |= dict.fromkeys(line, name_of[line[-1]])
        return {pid: name for pid, name in name_of.items() if pid in parents}


def roots(environ: dict[str, str]) -> dict[str, int]:
    """Pid by name of every process of the system, PostgreSQL and RabbitMQ included."""
    found = {status.name: status.pid for status in statuses(environ) if status.pid}
    run = environ["WICI_RUN"]
    for process in psutil.process_iter(["pid", "name", "cmdline", "ppid"]):
        command = " ".join(process.info["cmdline"] or [])
        if process.info["name"] == "beam.smp" and run in command:
            found["RabbitMQ"] = process.info["pid"]
        if process.info["name"] == "postgres" and run in command:
            found["PostgreSQL"] = process.info["pid"]
    return found


def people(path: Path, count: int) -> None:
    """A list of invented people with unique addresses; every one consents to both channels."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Imię", "E-mail", "Telefon", "Miasto", "Kod rabatowy", "Zgoda SMS", "Zgoda e-mail"])
        for number in range(count):
            name, city = FIRST_NAMES[number % len(FIRST_NAMES)], CITIES[number % len(CITIES)]
            phone = f"+48{500_000_000 + number}"
            writer.writerow(
                [name, f"osoba{number}@poczta.example", phone, city, f"RABAT{number % 10_000}", "tak", "tak"]
            )


def signing_limit() -> float:
    """Bare RSA-2048 signatures a second on one core."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(65_537, 2048)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < 2.0:
        key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())
        count += 1
    return count / (time.perf_counter() - started)


def html(octets: int = EMAIL_BYTES) -> str:
    """The demo's mail, grown until it has so many octets on the wire, signed and with its text part."""
    filler = "<p>Wyprzedaż trwa do końca miesiąca albo do wyczerpania zapasów. Szczegóły w regulaminie.</p>\n"
    sender = {"from_email": f"sklep@{DOMAIN}", "from_name": "Sklep Łąka", "subject": EMAIL_SUBJECT}
    for count in range(200):
        grown = EMAIL_HTML.replace("</body>", filler * count + "</body>")
        if len(composed(composer_of({**sender, "html": grown}))) >= octets:
            return grown
    raise ValueError("no mail is so large")


def prepared(environ: dict[str, str], count: int) -> tuple[Journey, str, float]:
    journey = Journey(environ)
    journey.prepare()
    journey.simulators.smsc.post("/settings", {"undelivered_share": 0.0, "expired_share": 0.0, "rejected_share": 0.0})
    journey.simulators.mailbox.post(
        "/settings", {"hard": 0, "soft": 0, "spam": 0, "defer": 0, "keep_links": False, "keep_raw": 0}
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.csv"
        people(file, count)
        started = time.perf_counter()
        job = journey.import_contacts(file, group="Wszyscy", seconds=1200)
    return journey, str(job["group_ids"][0]), time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channel", choices=sorted(GOALS))
    parser.add_argument("--recipients", type=int, default=None)
    options = parser.parse_args()
    count = options.recipients or {"sms": 100_000, "email": 50_000}[options.channel]
    environ = running()
    journey, group_id, import_seconds = prepared(environ, count)
    print(f"imported {count:,} contacts in {import_seconds:.1f} s ({count / import_seconds:,.0f} rows/s)", flush=True)
    campaign_id = (
        journey.sms_campaign(group_id, text=TEXT)
        if options.channel == "sms"
        else journey.email_campaign(group_id, html=html())
    )
    with Meter(roots(environ)) as meter:
        started = time.perf_counter()
        journey.schedule(campaign_id)
        campaign = journey.wait_sent(campaign_id, seconds=1200)
        sent_after = time.perf_counter() - started
        report = journey.wait_settled(campaign_id, seconds=1200)
        elapsed = time.perf_counter() - started
    show(options.channel, count, elapsed, sent_after, meter, report)
    assert campaign["state"] == "sent" and final_count(report) == count


def show(channel: str, count: int, elapsed: float, sent_after: float, meter: Meter, report: dict[str, Any]) -> None:
    rate = count / elapsed
    print(
        f"{channel}: {count:,} recipients, handed over after {sent_after:.1f} s, last outcome counted after {elapsed:.1f} s"
    )
    print(
        f"  delivered {report['counts']['delivered']:,}   {rate:,.0f} messages/s   ratio to the goal {rate / GOALS[channel]:.2f}"
    )
    limit = signing_limit() if channel == "email" else None
    if limit:
        print(f"  limit: {limit:,.0f} bare RSA-2048 signatures/s on one core; ratio {rate / limit:.2f}")
    print(f"  {'process':<24}{'CPU s':>8}{'µs/message':>12}{'cores':>7}{'peak MB':>9}")
    total = 0.0
    for name, usage in sorted(meter.usages.items(), key=lambda pair: -pair[1].cpu):
        total += usage.cpu
        print(
            f"  {name:<24}{usage.cpu:>8.1f}{usage.cpu / count * 1e6:>12.0f}{usage.cpu / elapsed:>7.2f}{usage.peak / 1e6:>9.0f}"
        )
    print(f"  {'all':<24}{total:>8.1f}{total / count * 1e6:>12.0f}{total / elapsed:>7.2f}")
    tell(
        Figure(
            f"campaign by {channel}, whole system", "/s", rate, limit=("RSA, a core", limit) if limit else None,
            cpu={name: usage.cpu / count * 1e6 for name, usage in meter.usages.items()},
            megabytes=max(usage.peak for usage in meter.usages.values()) / 1e6,
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
