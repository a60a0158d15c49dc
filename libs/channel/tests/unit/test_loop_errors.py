"""What fails on the outbound loop is told without what it was given."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

from structlog.testing import capture_logs

from channel.outbound import OutboundProcess


def test_a_callback_that_fails_is_named_without_its_arguments() -> None:
    process = OutboundProcess(Mock(), Mock(), linger=0.0)

    def settle(_message: Any) -> None:
        raise RuntimeError

    async def fail() -> None:
        running, told = asyncio.get_running_loop(), asyncio.Event()

        def on_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            process._on_loop_error(loop, context)
            told.set()

        running.set_exception_handler(on_error)
        running.call_soon(settle, {"address": "jan@poczta.example"})
        await told.wait()

    with capture_logs() as lines:
        asyncio.run(fail())
    assert lines[0]["event"] == "loop_error"
    assert lines[0]["message"].endswith("settle")
