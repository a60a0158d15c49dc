"""`make monitoring`: Prometheus over the local system, with the alerts of `deploy/monitoring`; until Ctrl-C.

RabbitMQ tells its own figures meanwhile. Where Debian's `prometheus-node-exporter` is installed, disks are watched too.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from pathlib import Path

import environment
import rabbitmq
from environment import Environment
from places import ROOT, RUN
from procfile import Process, read_procfile
from progress import give_up, say, step

FOLDER = RUN / "monitoring"
RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"


def configuration(processes: list[Process], broker_port: int, disks_port: int) -> str:
    """Prometheus' configuration for those processes, each under its name, for RabbitMQ, and for the disks."""
    targets = "".join(
        f"      - {{targets: ['127.0.0.1:{process.health_port}'], labels: {{process: {process.name}}}}}\n"
        for process in processes
        if not process.name.startswith("simulator.")
    )
    return (
        "global: {scrape_interval: 5s, evaluation_interval: 5s}\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs:\n  - job_name: wici\n    static_configs:\n{targets}"
        "  - job_name: rabbitmq\n"
        "    metrics_path: /metrics/detailed\n"
        "    params: {family: [queue_coarse_metrics]}\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{broker_port}']}}]\n"
        "  - job_name: rabbitmq-node\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{broker_port}']}}]\n"
        f"  - job_name: node\n    static_configs: [{{targets: ['127.0.0.1:{disks_port}']}}]\n"
    )


def _end_with_us() -> None:
    """Linux ends the child when this process, which becomes Prometheus, ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def main() -> None:
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        give_up("There is no `prometheus` on this machine: on Debian `apt install prometheus`.")
    environ: Environment = environment.running()
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = int(environ["WICI_HEALTH_PORT_BASE"]) - 1
    broker_port, disks_port = port - 1, port - 2
    (file := FOLDER / "prometheus.yaml").write_text(configuration(read_procfile(environ), broker_port, disks_port))
    if not environment.given().get("AMQP_URL"):
        with step("RabbitMQ tells its figures"):
            rabbitmq.tell_prometheus(broker_port)
    if disks := shutil.which("prometheus-node-exporter"):
        arguments = ["--collector.disable-defaults", "--collector.filesystem"]
        where = f"--web.listen-address=127.0.0.1:{disks_port}"
        subprocess.Popen([disks, *arguments, where, "--log.level=error"], preexec_fn=_end_with_us)
    say(f"Prometheus  http://127.0.0.1:{port}/alerts   (Ctrl-C ends it)")
    os.execv(
        prometheus,
        [
            Path(prometheus).name, f"--config.file={file}", f"--storage.tsdb.path={FOLDER / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
