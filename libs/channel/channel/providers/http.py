"""What all wires share: one HTTP client, and what a request that fails on the way means."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from email.utils import parsedate_to_datetime

import httpx

from channel.providers.answers import Answer, Verdict

CONNECTIONS = 50  # of each provider
SET_UP_WAIT = 30.0  # seconds for which an application is left alone whose credentials are not taken
LONGEST_WAIT = 3_600.0  # seconds: nobody is believed who says more
Place = Callable[[], AbstractAsyncContextManager[None]]
"""One place among the requests that are under way at the provider; raises where the message may not leave any more."""
# Nobody is there, for no message of the application; and where nothing has left it is tried again whatever it is.
_AWAY = (httpx.ConnectError, httpx.ConnectTimeout)
_NOT_SENT = (*_AWAY, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def new_client(timeout: float, *, only_http2: bool = False, verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """
    :param timeout: seconds for an answer.
    :param only_http2: without negotiation: APNs knows nothing else.
    :param verify: whose certificates are believed, in a test.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address, and a device's token with it
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=300)
    return httpx.AsyncClient(
        http1=not only_http2, http2=True, timeout=httpx.Timeout(timeout), limits=limits, follow_redirects=False,
        trust_env=False, verify=verify, headers={"User-Agent": "Wici"},
    )  # fmt: skip


def failed(error: Exception, provider: str) -> Answer:
    """The answer where there was none."""
    if isinstance(error, _NOT_SENT):
        return Answer(Verdict.LATER, f"{provider}.unreachable", is_general=isinstance(error, _AWAY))
    return Answer(Verdict.UNKNOWN, f"{provider}.no_answer")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, section 10.2.3), which may be a date; None where it says nothing."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return min(float(said[:9]), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(said).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)


def of_status(status: int, headers: Mapping[str, str], provider: str) -> Answer:
    """What an HTTP status says where the provider says nothing more of it."""
    code = f"{provider}.{status}"
    if 200 <= status < 300:
        return Answer(Verdict.ACCEPTED)
    if status == 429 or status >= 500:
        return Answer(Verdict.LATER, code, retry_after(headers), is_general=True)
    if status in (401, 403):
        return Answer(Verdict.SET_UP, code)
    return Answer(Verdict.REFUSED, code)
