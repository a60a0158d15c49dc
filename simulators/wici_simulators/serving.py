"""What the simulated providers by HTTP are run by: `--host`, `--port`, `--settings`, and an end by SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol


class Changeable(Protocol):
    def change(self, wanted: Any) -> None:
        """:raises ValueError: no such setting, or no such value."""


def main(
    prog: str,
    what: str,
    settings: Changeable,
    serve: Callable[[str, int], Awaitable[asyncio.Server]],
    *,
    port_key: str,
    port: int,
) -> None:
    """:param what: is run, as its first line says. :param port_key: the environment's, of the port; else `port`."""
    parser = argparse.ArgumentParser(prog=prog, description=f"Simulated: {what}.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get(port_key, port)))
    parser.add_argument("--settings", default="{}", help='JSON, such as {"delay": 0.05}')
    arguments = parser.parse_args()
    try:
        settings.change(json.loads(arguments.settings))
    except ValueError as error:
        parser.error(f"--settings: {error}")
    asyncio.run(_run(what, serve, arguments.host, arguments.port))


async def _run(what: str, serve: Callable[[str, int], Awaitable[asyncio.Server]], host: str, port: int) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    server = await serve(host, port)
    sys.stdout.write(f"{what} on http://{host}:{port}/\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()
