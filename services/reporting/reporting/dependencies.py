"""Nameko dependency providers of this service's own."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

from chassis.service import in_thread_pool
from reporting.printing import Printer


class PrinterProvider(DependencyProvider):
    """`self.printer`: draws reports in a native thread, off eventlet's hub."""

    def setup(self) -> None:
        with in_thread_pool() as run:
            self._printer = Printer(run)

    def get_dependency(self, worker_ctx: Any) -> Printer:
        return self._printer
