"""What the extensions of one Nameko service share: its configuration and its broker connection."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nameko.constants import AMQP_SSL_CONFIG_KEY
from nameko.extensions import SharedExtension

from chassis import broker as wire
from chassis import config, logs, seals, spans
from chassis.amqp import kombu_ssl_of

# Connections. Transactions are milliseconds, so calls wait little for one another (contracts.connections).
POOL_SIZE = 6


@dataclass(frozen=True)
class _Common:
    amqp_url: str = config.setting("AMQP_URL", secret=True)
    health_port: int = config.setting("HEALTH_PORT", default=0)
    pool_size: int = config.setting("DATABASE_POOL_SIZE", default=POOL_SIZE)


class Process(SharedExtension):
    """One of each service."""

    # Nameko sets extensions up side by side, so nothing here may wait for another one's `setup`.

    @cached_property
    def common(self) -> _Common:
        logs.configure(self.container.service_name)
        spans.configure(self.container.service_name)
        return config.load(_Common, os.environ)

    @cached_property
    def checks(self) -> dict[str, Any]:
        return {}

    def setup(self) -> None:
        seals.check_keys()
        self.container.config[AMQP_SSL_CONFIG_KEY] = kombu_ssl_of(self.common.amqp_url)
        self._broker = wire.Broker(self.common.amqp_url, self.container.service_name)
        self.checks["broker"] = self._broker.ping

    def start(self) -> None:
        # What is imported stays for good, and answers are mostly trees without cycles: walk through them seldom.
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        self._broker.start()

    @property
    def broker(self) -> wire.Broker:
        return self._broker

    def stop(self) -> None:
        self._broker.close()
        spans.flush()

    def kill(self) -> None:
        self.stop()
