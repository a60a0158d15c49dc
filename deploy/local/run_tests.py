"""`make test`: every test of every package, on PostgreSQL and RabbitMQ of this checkout.

    python deploy/local/run_tests.py [FOLDER …]

Each package's unit tests run in a process of their own, with no server's address; so do each one's integration tests,
tests/contract, tests/panel, and those that start a whole system of their own (tests/e2e, tests/sweep, tests/abuse and
tests/chaos).
WICI_TEST_JOBS of them (4) run side by side, the longest first, so that nobody waits for one alone at the end. Servers
that were not running before are stopped afterwards. Ctrl-C and SIGTERM end it within seconds, with all that it has
started.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
from environment import Environment, base
from places import PYTHON, ROOT, RUN, missing_packages, present_packages
from progress import Trouble, give_up, say
from rabbitmq import end, marked
from system import borrowed_servers, make_folders

REPORTS = RUN / "test"
RUNNING: set[subprocess.Popen[bytes]] = set()
STOPPED = threading.Event()
GRACE_SECONDS = 3.0  # for pytest to end what its tests have started; then all of it is killed
MARK = "WICI_TESTED_IN"
NO_TESTS = 5  # pytest's exit code when it has found none
LONGEST = (
    *("tests/e2e", "tests/panel", "services/email-gateway", "services/sms-gateway", "tests/abuse", "tests/sweep"),
    *("tests/contract", "services/contacts", "services/identity", "gateway", "services/campaigns"),
    # A third whole system, once those above have the machine to themselves no more.
    *("tests/chaos", "services/reporting"),
)
ALONE = ("unit", "panel")  # folders of tests that need no server
SERVERS = ("AMQP_URL", "DATABASE_URL", "WICI_ADMIN_DATABASE_URL")


@dataclass(frozen=True)
class Section:
    """One pytest process: a package's tests of one kind."""

    title: str
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """What came of a section."""

    section: Section
    code: int
    passed: int
    failed: int
    skipped: int
    seconds: float


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    wanted = sections([ROOT / argument for argument in arguments])
    if not wanted:
        give_up(f"There are no tests in {' '.join(arguments) or 'this checkout'}.")
    make_folders()
    REPORTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    if all(needs_no_server(section) for section in wanted):
        outcomes = in_order(wanted, base())
    else:
        try:
            with borrowed_servers() as environ:
                say(f"on {versions(environ)}")
                outcomes = in_order(sorted(wanted, key=place), environ)
        except Trouble as trouble:
            give_up(str(trouble))
    sys.exit(summary(outcomes, time.monotonic() - started))


def stop(number: int, _: object) -> None:
    """End the run; whoever is impatient and asks again changes nothing, or what was started would stay."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    STOPPED.set()
    sys.exit(128 + number)


def in_order(sections: list[Section], environ: Environment) -> list[Outcome]:
    """Run the sections, and end what their tests have left running."""
    environ = {**environ, MARK: str(RUN)}
    try:
        return side_by_side(sections, environ)
    finally:
        end(list(marked(MARK, str(RUN))), GRACE_SECONDS)


def side_by_side(sections: list[Section], environ: Environment) -> list[Outcome]:
    with ThreadPoolExecutor(max_workers=int(environ.get("WICI_TEST_JOBS") or 4)) as workers:
        try:
            return list(workers.map(lambda section: run(section, environ), sections))
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            interrupt()  # the workers wait for nothing but these
            raise


def interrupt() -> None:
    """As Ctrl-C would, so that pytest ends the processes that its tests have started; not for ever, though."""
    children = RUNNING.copy()
    for child in children:
        child.send_signal(signal.SIGINT)
    ends = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def versions(environ: Environment) -> str:
    """Of the servers that the tests run on, in words: what is deployed may be newer."""
    with psycopg.connect(environ["WICI_ADMIN_DATABASE_URL"]) as connection:
        postgresql = connection.execute("SHOW server_version").fetchone()
    control = [*shlex.split(environ.get("WICI_TEST_RABBITMQCTL", "rabbitmqctl")), "version"]
    ran = subprocess.run(control, capture_output=True, text=True, check=False)
    return f"PostgreSQL {postgresql[0] if postgresql else '?'} and RabbitMQ {ran.stdout.strip() or '?'}"


def sections(only: list[Path]) -> list[Section]:
    """The folders of tests that exist; those inside `only` where it is given."""
    packages = present_packages()
    found = [
        Section(f"{name}: {kind}", folder / "tests" / kind)
        for kind in ("unit", "integration")
        for name, folder in packages.items()
    ]
    for kind in ("unit", "integration"):
        found.append(Section(f"local system: {kind}", ROOT / "deploy/local/tests" / kind))
    found += [Section(kind, ROOT / "tests" / kind) for kind in ("contract", "panel", "e2e", "sweep", "abuse", "chaos")]
    found = [section for section in found if any(section.folder.rglob("test_*.py"))]
    if not only:
        return found
    return [s for s in found if any(s.folder.is_relative_to(path) or path.is_relative_to(s.folder) for path in only)]


def place(section: Section) -> int:
    """In the queue: units are short, and fill what is left at the end."""
    folder = str(section.folder.relative_to(ROOT))
    if section.folder.name == "unit":
        return len(LONGEST) + 1
    return next((number for number, start in enumerate(LONGEST) if folder.startswith(start)), len(LONGEST))


def needs_no_server(section: Section) -> bool:
    return section.folder.name in ALONE


def without_servers(environ: Environment) -> Environment:
    """A unit test that speaks to a server is none; without addresses it shows."""
    return {
        key: value
        for key, value in environ.items()
        if key not in SERVERS and not key.endswith(("_DATABASE_URL", "_AMQP_URL"))
    }


def run(section: Section, environ: Environment) -> Outcome:
    environ = without_servers(environ) if needs_no_server(section) else environ
    report = report_of(section)
    report.unlink(missing_ok=True)
    started, output = time.monotonic(), report.with_suffix(".log")
    say(f"  … {section.title}")
    with output.open("wb") as log:
        command: list[str | Path] = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}", section.folder]
        child = subprocess.Popen(command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        RUNNING.add(child)
        if STOPPED.is_set():
            child.kill()  # begun as the others were being ended
        returncode = child.wait()
        RUNNING.discard(child)
    passed, failed, skipped = counts(report)
    code = 0 if returncode == NO_TESTS else returncode
    say(
        f"\n── {section.title} {'─' * max(0, 70 - len(section.title))}\n{output.read_text(errors='replace').rstrip()}\n"
    )
    return Outcome(section, code, passed, failed, skipped, time.monotonic() - started)


def report_of(section: Section) -> Path:
    return REPORTS / f"{section.title.replace(': ', '-')}.xml"


def counts(report: Path) -> tuple[int, int, int]:
    """Passed, failed and skipped of a JUnit report; nothing where pytest died before it wrote one."""
    if not report.exists():
        return 0, 0, 0
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped


def failures(report: Path) -> list[tuple[str, str]]:
    """Each test of a JUnit report that failed, with the first line of why."""
    if not report.exists():
        return []
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return [
        (f"{case.get('classname', '')}::{case.get('name', '')}", (trouble.get("message") or "?").splitlines()[0][:200])
        for case in cases
        for trouble in (*case.findall("failure"), *case.findall("error"))
    ]


def summary(outcomes: list[Outcome], seconds: float) -> int:
    """The table of sections, the one line that counts, and the exit code."""
    say(f"\n── all tests {'─' * 60}")
    for outcome in outcomes:
        mark = "✓" if outcome.code == 0 else "✗"
        numbers = f"{outcome.passed:>5} passed {outcome.failed:>4} failed {outcome.skipped:>4} skipped"
        say(f"  {mark} {outcome.section.title:<32} {numbers} {outcome.seconds:>7.1f} s")
    for name in missing_packages():
        say(f"  ! {name} is not in this checkout")
    broken = [outcome for outcome in outcomes if outcome.code != 0 and outcome.failed == 0]
    for outcome in broken:
        say(f"  ✗ {outcome.section.title}: pytest ended with {outcome.code}")
    for outcome in outcomes:
        for name, reason in failures(report_of(outcome.section)):
            say(f"  ✗ {outcome.section.title}: {name}\n      {reason}")
    passed, skipped = sum(o.passed for o in outcomes), sum(o.skipped for o in outcomes)
    failed = sum(o.failed for o in outcomes) + len(broken)
    say(f"  {seconds:.0f} s in all\n")
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    main(sys.argv[1:])
