"""`python -m wici_simulators.smsc`: run the simulated carrier until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys

from wici_simulators.smsc import http
from wici_simulators.smsc.server import Bind, Carrier
from wici_simulators.smsc.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="wici_simulators.smsc", description="A simulated SMSC.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SMSC_PORT", "12775")))
    parser.add_argument("--http-port", type=int, default=int(os.environ.get("SMSC_HTTP_PORT", "12780")))
    parser.add_argument("--password", help="the only password that binds (default: any)")
    parser.add_argument("--settings", default="{}", help='JSON, such as {"undelivered_share": 0.02}')
    arguments = parser.parse_args()
    settings = Settings()
    try:
        settings.change(json.loads(arguments.settings))
    except ValueError as error:
        parser.error(f"--settings: {error}")
    asyncio.run(serve(Carrier(settings, arguments.password), arguments.host, arguments.port, arguments.http_port))


async def serve(carrier: Carrier, host: str, port: int, http_port: int) -> None:
    """Listen on both ports until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await loop.create_server(lambda: Bind(carrier), host, port, backlog=1024)
    await http.serve(carrier, host, http_port)
    # Millions of remembered messages are no garbage; walking them again and again costs more than the SMPP does.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    sender = asyncio.create_task(carrier.run())
    sys.stdout.write(f"SMSC on {host}:{port}, http://{host}:{http_port}/\n")
    sys.stdout.flush()
    await stop.wait()
    sender.cancel()


if __name__ == "__main__":
    main()
