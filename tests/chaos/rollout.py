"""`make rollout`: each service is rolled out by itself under traffic, as on Kubernetes; then the books are compared.

python tests/chaos/rollout.py [--only SERVICE …] [--people 2000] [--pause 5]

Processes stand for pods. Of one service after another, new processes start beside the old ones; when all are ready, no
new connection goes to the old ones, and they get SIGTERM. Ends with 1 where anything was lost or sent twice, where a
client was refused, or where an old process had to be killed.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "deploy/local"), str(HERE.parent), str(HERE)]
import load  # noqa: E402
import needs  # noqa: E402
import psutil  # noqa: E402
from environment import Environment, free_port  # noqa: E402
from faults import family  # noqa: E402
from front import Front  # noqa: E402
from places import DATABASES, ROOT  # noqa: E402
from procfile import Process, read_procfile  # noqa: E402
from storm import SETTINGS, prepared, say, settled, tell  # noqa: E402
from whole_system import running_system  # noqa: E402

READY_SECONDS = 600  # a busy machine starts slowly
PRE_STOP_SECONDS = 5  # as the gateway's preStop: who has an old address still comes
GRACE_SECONDS = 60  # terminationGracePeriodSeconds
FIRST_PORT = 3_700  # below all that systems of tests use
# Where a process listens beside its health: a pod has these ports for itself.
LISTENING = {
    "api_gateway": ("GATEWAY_BIND",),
    "sms_gateway.smpp_server": ("WICI_SMPP_PORT", "WICI_SMPP_TLS_PORT"),
    "email_gateway.submission": ("WICI_SUBMISSION_PORT", "WICI_SUBMISSIONS_PORT"),
    "email_gateway.mailroom": ("WICI_MAILROOM_PORT",),
}


@dataclass
class Pod:
    """A process of the new version, its log, and where it answers for its readiness."""

    name: str
    child: subprocess.Popen
    health_url: str
    port: int
    log: Path

    def is_ready(self) -> bool:
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended:\n{self.log.read_text(errors='replace')[-2_000:]}")
        try:
            with urllib.request.urlopen(self.health_url, timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rollout", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", default=DATABASES, choices=DATABASES, metavar="SERVICE")
    parser.add_argument("--people", type=int, default=2000, help="in the list that each campaign goes to")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds of traffic between two services")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="wici-rollout-"))
    pods: list[Pod] = []
    front = Front(free_port(FIRST_PORT))
    try:
        own = {"WICI_PUBLIC_URL": f"http://127.0.0.1:{front.port}", "WICI_STOP_SECONDS": str(GRACE_SECONDS)}
        with running_system("rollout", {**SETTINGS, **own}) as system:
            try:
                return _rollout(system, options, folder, pods, front)
            finally:
                for pod in pods:
                    pod.child.terminate()
                for pod in pods:
                    pod.child.wait(GRACE_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rollout(system, options, folder: Path, pods: list[Pod], front: Front) -> int:
    environ = whole_environment(system)
    front.behind = [int(environ["WICI_GATEWAY_PORT"])]
    journey, accepted = prepared(system, folder, options.people)
    faults: list[str] = []
    say(f"\n{'service':<16}{'processes':>10}{'ready s':>9}{'ended s':>9}{'messages':>10}{'refused':>9}")
    with load.under_load(journey, accepted, folder) as broken:
        time.sleep(options.pause)
        for service in options.only:
            faults += one(system, service, environ, folder, pods, front, accepted)
            time.sleep(options.pause)
    say("settling …")
    found = settled(journey, accepted, system, broken, has_webhook=False)
    found.expect("roll-outs with a fault", faults)
    return tell(found, accepted)


def one(system, service: str, environ: Environment, folder: Path, pods: list[Pod], front: Front, accepted) -> list[str]:
    """Roll out all processes of a service; what was not as it should be."""
    of = [process for process in read_procfile(environ) if process.package == service]
    refused, messages = Counter(accepted.answers), len(accepted.singles)
    began = time.monotonic()
    new = [start(process, environ, folder) for process in of]
    pods += new
    while not all(pod.is_ready() for pod in new):
        if time.monotonic() > began + READY_SECONDS:
            raise RuntimeError(f"not ready: {', '.join(pod.name for pod in new if not pod.is_ready())}")
        time.sleep(0.5)
    ready = time.monotonic() - began
    if service == "api_gateway":
        front.behind = [new[0].port]
        time.sleep(PRE_STOP_SECONDS)
    began = time.monotonic()
    killed = stop(system, [process.name for process in of])
    ended = time.monotonic() - began
    answers = accepted.answers - refused
    sent = len(accepted.singles) - messages
    say(f"{service:<16}{len(of):>10}{ready:>9.1f}{ended:>9.1f}{sent:>10}{sum(answers.values()):>9}")
    faults = [f"{name} had to be killed" for name in killed]
    if answers:
        faults.append(f"{service}: refused {dict(answers)}")
    return faults


def start(process: Process, environ: Environment, folder: Path) -> Pod:
    """Another process of that name, as the process manager would start it, with ports of its own."""
    own = {name: _port(environ[name]) for name in LISTENING.get(process.name, ())}
    own["HEALTH_PORT"] = _port(str(process.health_port))
    if process.name == "api_gateway":
        own["GATEWAY_SPOOL_FOLDER"] = str(folder / "spool")
    command = re.sub(r"\$(\w+)", lambda match: {**environ, **own}[match[1]], process.command)
    log = folder / f"{process.name}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            command.split(),
            env={**needs.common(environ), **needs.of(process.package, environ), "WICI_PROCESS": process.name, **own},
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    port = int((own.get("GATEWAY_BIND") or own["HEALTH_PORT"]).rpartition(":")[2])
    return Pod(process.name, child, f"http://127.0.0.1:{port}/readyz", port, log)


_TAKEN: set[int] = set()


def _port(given: str) -> str:
    """A free port in the place of the given one, which may stand behind a host."""
    host, colon, _ = given.rpartition(":")
    port = free_port(max(_TAKEN, default=FIRST_PORT + 100) + 1)
    _TAKEN.add(port)
    return f"{host}{colon}{port}"


def stop(system, names: list[str]) -> list[str]:
    """SIGTERM to the old ones, side by side, and no other start; those that had to be killed."""
    old = {name: family(system, name)[-1] for name in names}
    program = (
        "import sys; sys.path.insert(0, 'deploy/local'); import supervision\n"
        "for name in sys.argv[1:]: supervision.control().supervisor.stopProcess(name, False)\n"
    )
    subprocess.run([sys.executable, "-c", program, *names], env=system.running(), cwd=ROOT, check=True)
    _, alive = psutil.wait_procs(old.values(), timeout=GRACE_SECONDS)
    killed = [name for name, process in old.items() if process in alive or was_killed(system, name)]
    for process in alive:
        process.send_signal(signal.SIGKILL)
    return killed


def was_killed(system, name: str) -> bool:
    """Whether the process manager lost its patience with it."""
    log = (Path(system.environ["WICI_RUN"]) / "log/supervisord.log").read_text()
    return f"killing '{name}'" in log


def whole_environment(system) -> Environment:
    """What the process manager knows: the recorded environment with all that is derived from it."""
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    return dict(json.loads(system.command("run", sys.executable, "-c", program)))


if __name__ == "__main__":
    sys.exit(main())
