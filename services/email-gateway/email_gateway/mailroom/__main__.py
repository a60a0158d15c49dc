"""`python -m email_gateway.mailroom`: any number may run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chassis import erasures
from chassis.certificates import LOOK_SECONDS, Certificates
from chassis.health import Pulse
from chassis.process import Process, boot
from email_gateway.config import MailroomConfig
from email_gateway.domain.mailroom import SoftRule
from email_gateway.mailroom.connection import Connection, Limits
from email_gateway.mailroom.doors import Doors
from email_gateway.mailroom.reader import Reader, Rules
from email_gateway.mailroom.reception import THREADS, Reception

POOL_SIZE = THREADS + 3  # connections (contracts.connections): the door's, the reader, outbox, what comes now and then
TIDY_SECONDS = 60.0
STOP_SECONDS = 5.0
BACKLOG = 1024


def main(process: Process[MailroomConfig]) -> None:
    config = process.config
    erasures.check_keys()
    return_path_keys = config.all_return_path_keys()
    rules = Rules(
        soft=SoftRule(config.soft_times, config.soft_days),
        return_path_keys=return_path_keys,
        link_keys=config.all_link_keys(),
    )
    reader = Reader(process.database, rules)
    process.checks["reader"] = reader.progress.check
    process.relay_outbox()
    process.background(reader.run, "reader")
    process.every(TIDY_SECONDS, reader.tidy, "tidy")
    reception = Reception(
        process.database, mail_host=config.mail_host, return_path_keys=return_path_keys, on_mail=reader.poke
    )
    try:
        asyncio.run(_serve(process, reception))
    finally:
        reception.close()
        reader.stop()


async def _serve(process: Process[MailroomConfig], reception: Reception) -> None:
    config = process.config
    certificates = _certificates(config)
    if certificates is not None:
        process.every(LOOK_SECONDS, certificates.look, "certificate")
    doors = Doors(most=config.connections, most_of_address=config.connections_of_address)
    limits = Limits(
        hostname=config.mail_host,
        most_octets=config.most_octets,
        command_seconds=config.command_seconds,
        session_seconds=config.session_seconds,
    )
    connections: set[Connection] = set()

    def connect() -> Connection:
        connection = Connection(reception, doors, limits, certificates.current() if certificates else None)
        connections.add(connection)
        connection.on_end = partial(connections.discard, connection)
        return connection

    loop = asyncio.get_running_loop()
    process.checks["loop"] = Pulse(loop).check
    server = await loop.create_server(connect, config.host, config.port, backlog=BACKLOG)
    await asyncio.to_thread(process.stop.wait)
    server.close()
    for connection in list(connections):
        connection.hang_up_when_idle()
    await _until(lambda: not connections, STOP_SECONDS)


def _certificates(config: MailroomConfig) -> Certificates | None:
    """:raises OSError: the files cannot be used. None: STARTTLS is not offered."""
    if not config.certificate:
        return None
    return Certificates(Path(config.certificate), Path(config.certificate_key))


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    ends = asyncio.get_running_loop().time() + seconds
    while not condition() and asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    boot(main, MailroomConfig, service="email_gateway", name="mailroom", pool_size=POOL_SIZE)
