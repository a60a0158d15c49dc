"""The Nameko side of a channel: its leases of quota as a dependency of the service."""

from __future__ import annotations

import threading
from typing import Any

from nameko.extensions import DependencyProvider

from channel.quota_leases import LeaseKeeper
from chassis.service import SHUTDOWN_SECONDS, Database, Process, Services


class QuotaLeases(DependencyProvider):
    """A channel's leases of quota: `self.leases.extend(account_id, units)`; settles them while the service runs."""

    process = Process()

    def __init__(self, feature: str) -> None:
        self.feature = feature

    def start(self) -> None:
        database, services = (
            next(found for found in self.container.extensions if isinstance(found, kind))
            for kind in (Database, Services)
        )
        self._stop = threading.Event()
        self.keeper = LeaseKeeper(database.database, self.feature, services.call)
        self._thread = threading.Thread(target=self.keeper.run, args=(self._stop,), name="quota-leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.keeper.wake()
        self._thread.join(SHUTDOWN_SECONDS)

    def get_dependency(self, worker_ctx: Any) -> LeaseKeeper:
        return self.keeper
