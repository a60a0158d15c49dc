"""Writes an export."""

from __future__ import annotations

from collections.abc import Callable

from chassis.database import Database
from contacts.exceptions import FileRefused
from contacts.store import jobs


def run(database: Database, job: jobs.Job, go_on: Callable[[], bool]) -> bool:
    raise FileRefused("export.unsupported", "Exports are not there yet.")
