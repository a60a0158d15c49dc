"""What an error of a carrier means for the message, in the words that SMPP has for it."""

from __future__ import annotations

from enum import StrEnum

from sms_gateway.smpp.constants import Status


class Meaning(StrEnum):
    """As tables of errors name it.

    `slow_down`: again later, and more slowly. `fail_over`: the carrier is at fault, another one may take it now.
    `retry`: again later. `reject`: it is of no use to try again. `unknown`: nobody knows whether it was taken.
    """

    SLOW_DOWN = "slow_down"
    FAIL_OVER = "fail_over"
    RETRY = "retry"
    REJECT = "reject"
    UNKNOWN = "unknown"


STATUSES = {
    Meaning.SLOW_DOWN: Status.THROTTLED,
    Meaning.FAIL_OVER: Status.SYSTEM_ERROR,
    Meaning.RETRY: Status.RECEIVER_TEMPORARY_ERROR,
    Meaning.REJECT: Status.RECEIVER_PERMANENT_ERROR,
}


def of_http(status: int) -> Meaning | None:
    """What an HTTP status means where no table says more; None: it was taken (RFC 9110 section 15).

    500 and 503 are of who was asked: it has not taken it. 502 and 504 are of one in between, who has asked on and got
    no answer that it understood.
    """
    if 200 <= status < 300:
        return None
    if status == 429:
        return Meaning.SLOW_DOWN
    if status in (502, 504):
        return Meaning.UNKNOWN
    if status >= 500 or status < 400 or status in (401, 402, 403, 404, 405, 407, 408):
        return Meaning.FAIL_OVER
    return Meaning.REJECT
