"""`python -m wici_simulators.push`: run the simulated push providers until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys

from wici_simulators.push.providers import Providers
from wici_simulators.push.server import serve
from wici_simulators.push.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="wici_simulators.push", description="Simulated push providers.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("WICI_PUSH_PORT", "12680")))
    parser.add_argument("--settings", default="{}", help='JSON, such as {"delay": 0.05}')
    arguments = parser.parse_args()
    settings = Settings()
    try:
        settings.change(json.loads(arguments.settings))
    except ValueError as error:
        parser.error(f"--settings: {error}")
    asyncio.run(run(Providers(settings), arguments.host, arguments.port))


async def run(providers: Providers, host: str, port: int) -> None:
    """Listen until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    server = await serve(providers, host, port)
    sys.stdout.write(f"push providers on http://{host}:{port}/\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()


if __name__ == "__main__":
    main()
