"""What can go wrong with contacts, in their own words."""

from __future__ import annotations

from contracts.errors import Invalid


class FileRefused(Exception):
    """A customer's file that cannot be read; a use case tells it as `Unsupported` or `Invalid`, a job as its error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class LeaseLost(Exception):
    """Another process has taken the job over; whoever sees this stops at once and writes nothing."""


class JobCancelled(Exception):
    """Somebody asked for the job to end."""


class TryLater(Exception):
    """Somebody who is needed does not answer; the job is put off for so many seconds, however often that takes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def field_invalid(field: str, code: str, detail: str) -> Invalid:
    """One offending field of a request."""
    return Invalid(
        "request.invalid", "Some fields are not valid.", None, [{"field": field, "code": code, "detail": detail}]
    )
