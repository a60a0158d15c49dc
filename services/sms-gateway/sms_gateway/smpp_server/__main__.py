"""`python -m sms_gateway.smpp_server`."""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from channel.quota_leases import LeaseKeeper
from channel.single_sends import SingleSends
from chassis import seals
from chassis.certificates import LOOK_SECONDS
from chassis.health import Pulse, WorkStalled
from chassis.logs import get_logger
from chassis.process import Process, boot
from chassis.rpc_client import RpcClient
from chassis.waking import Waker
from sms_gateway.config import SmppServerConfig
from sms_gateway.smpp_server.listening import Listening
from sms_gateway.smpp_server.server import Server
from sms_gateway.store.smpp_deliveries import DELIVERIES
from sms_gateway.usecases import messages

POOL_SIZE = 9  # connections (contracts.connections)
STALLED_SECONDS = 15.0

log = get_logger()


def main(process: Process[SmppServerConfig]) -> None:
    asyncio.run(_run(process))


async def _run(process: Process[SmppServerConfig]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_on_loop_error)
    client = RpcClient(process.broker, seals.passed_on)
    keeper = LeaseKeeper(process.database, "sms", client.call)
    relay = process.relay_outbox()
    store = messages.storing(partial(datetime.now, UTC), lambda: server.keeps_own_contents)
    sends = SingleSends(process.database, keeper, store)
    server = Server(process.config, process.database, sends, relay.poke)
    process.background(keeper.run, "quota-leases")
    waker = Waker(process.database, DELIVERIES).start(process.stop)
    process.background(partial(_pass_on, waker, loop, server), "deliveries-waker")
    process.checks |= {"binds": partial(_check, server), "loop": Pulse(loop).check}
    listening = Listening(process.config, server)
    await listening.start()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    tasks = [server.spawn(work) for work in (server.tend(), server.intake.run(), server.outgoing.run())]
    if listening.certificates is not None:
        process.every(LOOK_SECONDS, listening.certificates.look, "certificate")
    for task in tasks:
        task.add_done_callback(partial(_on_task_end, process, server))
    await asyncio.to_thread(process.stop.wait)
    await listening.stop()
    await server.stop()
    await asyncio.gather(*tasks, return_exceptions=True)
    server.intake.close()
    keeper.wake()
    waker.close()
    await asyncio.to_thread(server.told_last)


def _pass_on(waker: Waker, loop: asyncio.AbstractEventLoop, server: Server, stop: Any) -> None:
    while not stop.is_set():
        if waker.wait(1.0) and not server.is_stopping:
            loop.call_soon_threadsafe(server.outgoing.wake)


def _check(server: Server) -> None:
    """Raises while the binds cannot be told of."""
    if time.monotonic() - server.ticked_at > STALLED_SECONDS:
        raise WorkStalled


def _on_task_end(process: Process[SmppServerConfig], server: Server, task: asyncio.Task[None]) -> None:
    if not server.is_stopping or (not task.cancelled() and task.exception() is not None):
        process.fail()


def _on_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, ConnectionError | TimeoutError):
        return  # a peer's, such as a handshake that was broken off
    # "Exception in callback name(…)": asyncio prints what the callback was given, which may be a person's.
    log.error("loop_error", message=str(context.get("message")).partition("(")[0], error=error, exc_info=error)


if __name__ == "__main__":
    boot(main, SmppServerConfig, service="sms_gateway", name="smpp_server", pool_size=POOL_SIZE)
