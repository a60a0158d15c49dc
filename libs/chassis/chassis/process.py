"""How a process that is not a Nameko service boots: logs, signals, exit code.

if __name__ == "__main__":
    run(main, service="sms_gateway", process="connector")
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from chassis import logs
from chassis.config import ConfigError


def run(main: Callable[[threading.Event], None], *, service: str, process: str) -> None:
    """Run `main(stop)` until it returns; SIGTERM and SIGINT set `stop`, and `main` finishes or gives back its work.

    Exits with 0 after a clean stop, 2 for incomplete configuration, 1 for anything else.
    """
    logs.configure(service, process)
    log = logs.get_logger()
    stop = threading.Event()

    def on_signal(_number: int, _frame: Any) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    log.info("process_started")
    try:
        main(stop)
    except ConfigError as error:
        log.error("configuration_incomplete", error=str(error))
        sys.exit(2)
    except Exception:
        log.exception("process_failed")
        sys.exit(1)
    log.info("process_stopped")
