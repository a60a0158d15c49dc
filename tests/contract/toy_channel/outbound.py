"""The toy's outbound process, `python -m toy_channel.outbound`: a line in a file for each message."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from channel.defaults import OutboundDefaults, PlainLedger
from channel.outbound import OutboundProcess
from channel.outlets import Outlet
from chassis.config import setting
from chassis.process import boot
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, MessageState
from toy_channel import ADDRESS, usecases

AHEAD = 200  # claimed and not settled: what a crash can leave unknown
TICK = 0.02


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    database_url: str = setting("TOY_CHANNEL_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    health_port: int = setting("HEALTH_PORT", default=0)
    file: str = setting("TOY_FILE")
    pace: int = setting("TOY_PACE", default=5000)  # lines a second


class FileOutlet(Outlet):
    """The wire. A line leaves whole or not at all: one `write` to a file that is open for appending."""

    def __init__(self, config):
        super().__init__(CHANNELS[Channel.SMS].lanes, outlet_id="file")
        self._file = open(config.file, "ab", buffering=0)  # noqa: SIM115
        self._at_once = max(1, int(config.pace * TICK))
        self._queue = deque()

    def has_room(self, lane):
        return self.claiming[lane] + self.claimed[lane] + self.chunk <= AHEAD

    def room_for_retries(self):
        return AHEAD - sum(self.claimed.values())

    def hand_over(self, messages):
        self._queue.extend(messages)

    def withdraw(self, is_stopped):
        withdrawn = [message for message in self._queue if is_stopped(message.header)]
        self._queue = deque(message for message in self._queue if not is_stopped(message.header))
        return withdrawn

    def take_back(self):
        left = list(self._queue) if self.is_closing else []
        for message in left:
            message.state, message.was_tried = MessageState.DEFERRED, False
        return left

    async def write(self, settled):
        while not self.is_closing:
            some = [self._queue.popleft() for _ in range(min(self._at_once, len(self._queue)))]
            for message in some:
                said = message.chunk.batch.content.render(message.recipient.get("fields") or {})
                self._file.write(f"{message.message_id}\t{message.recipient['address']}\t{said}\n".encode())
                message.state, message.at = MessageState.DELIVERED, time.time()
            settled(some)
            await asyncio.sleep(TICK)


class ToyOutbound(OutboundDefaults):
    channel = Channel.SMS
    ledger = PlainLedger("sms_gateway", Channel.SMS)

    def __init__(self, config):
        self.outlet = FileOutlet(config)

    async def start_up(self):
        self.loop.spawn(self.outlet.write(self.loop.settled))

    def load_content(self, session, content_hash):
        return usecases.content_of(session, content_hash)

    def is_address(self, address):
        return ADDRESS.match(address) is not None

    def compose(self, chunk, recipients, outlet):
        messages = super().compose(chunk, recipients, outlet)
        for message in messages:
            fault = usecases.fault_of(chunk.batch.content, message.recipient.get("fields") or {})
            if message.state is None and fault:
                message.state, message.code, message.at = MessageState.REJECTED, fault.code, time.time()
        return messages


def main(process):
    OutboundProcess(process, lambda: ToyOutbound(process.config), linger=0.01).run()


if __name__ == "__main__":
    boot(main, ToyConfig, service="toy_channel", name="outbound")
