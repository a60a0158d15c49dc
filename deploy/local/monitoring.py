"""`make monitoring`: Prometheus over the local system, with the alerts of `deploy/monitoring`; until Ctrl-C."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import environment
from environment import Environment
from places import ROOT, RUN
from procfile import Process, read_procfile
from progress import give_up, say

FOLDER = RUN / "monitoring"
RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"


def configuration(processes: list[Process]) -> str:
    """Prometheus' configuration for those processes, each under its name."""
    targets = "".join(
        f"      - {{targets: ['127.0.0.1:{process.health_port}'], labels: {{process: {process.name}}}}}\n"
        for process in processes
        if not process.name.startswith("simulator.")
    )
    return (
        "global: {scrape_interval: 5s, evaluation_interval: 5s}\n"
        f"rule_files: ['{RULES}']\n"
        f"scrape_configs:\n  - job_name: wici\n    static_configs:\n{targets}"
    )


def main() -> None:
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        give_up("There is no `prometheus` on this machine: on Debian `apt install prometheus`.")
    environ: Environment = environment.running()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (file := FOLDER / "prometheus.yaml").write_text(configuration(read_procfile(environ)))
    port = int(environ["WICI_HEALTH_PORT_BASE"]) - 1
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
