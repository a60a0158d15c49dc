"""What a provider has told the gateway at a hook, on its way into the ledger; acknowledged once it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import prometheus_client

from channel.ports import CommonLoop
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.logs import get_logger
from contracts.vocabulary import Channel

PREFETCH = 500
_TAKEN = prometheus_client.Counter(
    "wici_provider_reports_total", "What providers have told, by what came of it", ["channel", "outcome"]
)
_UNREADABLE = (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError)

log = get_logger()


class Reports:
    """Takes the reports of all senders of the channel, those of other processes' messages included.

    :param lane: of the channel's reports.
    :param read: what is in one, as `apply_receipts` of the channel's ledger takes it; raises where it is no report.
    """

    def __init__(self, broker: Broker, channel: Channel, lane: str, read: Callable[[Any], Sequence[Any]]) -> None:
        self._broker, self._channel, self._lane, self._read = broker, channel, lane, read

    def start(self, loop: CommonLoop) -> None:
        """Called on the running loop."""
        running = asyncio.get_running_loop()
        self._loop = loop

        def on_delivery(delivery: Delivery) -> None:
            running.call_soon_threadsafe(self._take, delivery)

        self._broker.consume(self._lane, on_delivery, prefetch=PREFETCH)

    def _take(self, delivery: Delivery) -> None:
        if self._loop.is_stopping:
            return  # not acknowledged: it goes back when the connection closes
        try:
            arrived = list(self._read(orjson.loads(delivery.body)))
        except _UNREADABLE as error:
            log.error("report_unreadable", channel=self._channel, error=type(error).__name__)
            self._count("unreadable")
            delivery.nack(requeue=False)
            return
        self._count("taken" if arrived else "of_no_use")
        if arrived:
            self._loop.received(arrived, delivery.ack)
        else:
            delivery.ack()

    def _count(self, outcome: str) -> None:
        _TAKEN.labels(self._channel, outcome).inc()
