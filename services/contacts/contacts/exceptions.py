"""What can go wrong with contacts, in their own words."""

from __future__ import annotations

from typing import Any


class FileRefused(Exception):
    """A customer's file that cannot be read; a use case tells it as `Unsupported` or `Invalid`, a job as its error."""

    def __init__(self, code: str, detail: str, extra: dict[str, Any] | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.extra = extra


class LeaseLost(Exception):
    """Another process has taken the job over; the process that gets this stops at once and writes nothing."""


class JobCancelled(Exception):
    """Somebody asked for the job to end."""


class TryLater(Exception):
    """Somebody who is needed does not answer; the job is put off for so many seconds, however often that takes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
