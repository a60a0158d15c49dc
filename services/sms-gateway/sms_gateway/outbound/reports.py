"""What carriers by HTTP have told the gateway, on its way to where receipts and answers of all carriers go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

import orjson
import prometheus_client

from channel.ports import CommonLoop
from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.logs import get_logger
from contracts.lanes import CARRIER_REPORTS, CarrierReport
from sms_gateway.http_api import hooks
from sms_gateway.http_api.dialects import dialect_of
from sms_gateway.outbound import arrivals
from sms_gateway.outbound.carriers import CarrierOutlet
from sms_gateway.smpp.message_ids import MessageIds

PREFETCH = 500
_UNREADABLE = prometheus_client.Counter("wici_sms_unreadable_reports_total", "Reports of carriers that cannot be read")

log = get_logger()


class Reports:
    """Takes the reports of all carriers, those of other processes included; each is acknowledged once it is on disk."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def start(self, loop: CommonLoop, carriers: Callable[[], Mapping[UUID, CarrierOutlet]]) -> None:
        """Called on the running loop."""
        running = asyncio.get_running_loop()
        self._loop, self._carriers = loop, carriers

        def on_delivery(delivery: Delivery) -> None:
            running.call_soon_threadsafe(self._take, delivery)

        self._broker.consume(CARRIER_REPORTS, on_delivery, prefetch=PREFETCH)

    def _take(self, delivery: Delivery) -> None:
        if self._loop.is_stopping:
            return  # not acknowledged: it goes back when the connection closes
        try:
            report: CarrierReport = orjson.loads(delivery.body)
            carrier_id = UUID(report["carrier_id"])
            told = hooks.read(dialect_of(report["kind"], report["http"]), report["document"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            log.error("carrier_report_unreadable", error=type(error).__name__)
            _UNREADABLE.inc()
            delivery.nack(requeue=False)
            return
        arrived = arrivals.read(told, carrier_id, MessageIds("same"), report["at"])
        if (carrier := self._carriers().get(carrier_id)) is not None:
            arrivals.count(arrived, carrier.figures)
        if arrived:
            self._loop.received(arrived, delivery.ack)
        else:
            delivery.ack()
