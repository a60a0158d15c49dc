"""One address before processes that come and go: what a Service of Kubernetes is to its pods."""

import asyncio
import itertools
import threading
from contextlib import suppress

CHUNK = 64 * 1024


class Front:
    """Hands each new connection to one of the ports behind it, in turns; those that are open stay where they are."""

    def __init__(self, port: int) -> None:
        self.port, self.behind = port, list[int]()
        self._turns = itertools.count()
        self._passing = set[asyncio.Task[None]]()  # the loop itself keeps none of them alive
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._begin, "127.0.0.1", port))
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._pass_on(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = self.behind
        try:
            there = await asyncio.open_connection("127.0.0.1", behind[next(self._turns) % len(behind)])
        except (OSError, ZeroDivisionError):  # nobody there
            writer.close()
            return
        await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        for each in (there[1], writer):
            each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
