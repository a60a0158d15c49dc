"""What the entrypoints of every noun share."""

from __future__ import annotations

from chassis.service import Database, Entrypoints
from contracts.reporting import RPC


class ReportingEntrypoints(Entrypoints):
    calls = RPC
    database = Database("REPORTING_DATABASE_URL")
