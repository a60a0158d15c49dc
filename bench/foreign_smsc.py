"""An SMSC whose protocol is not ours (smpp34, by others, in Rust), for `bench/sms.py`: each contender binds to one.

    python bench/foreign_smsc.py PORT FILE

Takes everything, and has a receipt acknowledged for each message. Writes what it has counted to FILE, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import smpp34

RECEIPTS_AT_ONCE = 200  # unacknowledged


class Smsc:
    def __init__(self, port: int, file: Path) -> None:
        self._port, self._file = port, file
        self._binds: dict[str, Any] = {}
        self._room = asyncio.Semaphore(RECEIPTS_AT_ONCE)
        self._tasks: set[Any] = set()
        self.submitted = self.acknowledged = 0
        self.first_at = self.last_at = 0.0

    async def serve(self) -> None:
        server = smpp34.Server("127.0.0.1", self._port, system_id="foreign")
        await server.start()
        self._spawn(self._tell())
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                self._binds[event.session_id] = event
            elif isinstance(event, smpp34.Unbound):
                self._binds.pop(event.session_id, None)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._take(event)

    def _take(self, event: Any) -> None:
        self.first_at = self.first_at or time.time()
        self.submitted += 1
        number = f"{self.submitted:08x}"
        event.accept(number)
        day = time.strftime("%y%m%d%H%M")
        text = f"id:{number} sub:001 dlvrd:001 submit date:{day} done date:{day} stat:DELIVRD err:000 text:"
        self._spawn(self._deliver(event, text.encode()))

    async def _deliver(self, event: Any, text: bytes) -> None:
        await asyncio.sleep(0.05)  # after the answer
        async with self._room:
            while True:
                for bind in list(self._binds.values()):
                    try:
                        await bind.deliver_sm(
                            event.source_addr, source_addr=event.destination_addr, esm_class=0x04, short_message=text
                        )
                    except Exception:  # a transmitter, a bind that has ended, a status that is none of success
                        continue
                    self.acknowledged += 1
                    self.last_at = time.time()
                    return
                await asyncio.sleep(0.1)

    async def _tell(self) -> None:
        while True:
            counts = {name: getattr(self, name) for name in ("submitted", "acknowledged", "first_at", "last_at")}
            self._file.with_suffix(".new").write_text(json.dumps({**counts, "binds": len(self._binds)}))
            self._file.with_suffix(".new").rename(self._file)
            await asyncio.sleep(0.1)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


if __name__ == "__main__":
    asyncio.run(Smsc(int(sys.argv[1]), Path(sys.argv[2])).serve())
