"""What all wires share: one HTTP client, and what a request that fails on the way means."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from channel.providers.answers import Answer, Verdict
from channel.providers.transport import MOST_ANSWER, NotSent, WholeAnswers

CONNECTIONS, POOLS = 50, 10  # of each provider
SET_UP_WAIT = 30.0  # seconds for which an application is left alone whose credentials are not taken
LONGEST_WAIT = 3_600.0  # seconds: nobody is believed who says more
Place = Callable[[], AbstractAsyncContextManager[None]]
"""One place among the requests that are under way at the provider; raises where the message may not leave any more."""
# Nobody is there, for no message of the application; and where nothing has left it is tried again whatever it is.
_AWAY = (httpx.ConnectError, httpx.ConnectTimeout)
_NOT_SENT = (*_AWAY, NotSent, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
# What a server on the way says of no message: there is nothing at the address, or not now, or not by this connection.
_OF_NO_MESSAGE = frozenset({404, 405, 407, 408, 410, 421, 425, 426, 451})


def new_client(
    timeout: float,
    *,
    only_http2: bool = False,
    verify: ssl.SSLContext | None = None,
    most: int = MOST_ANSWER,
) -> httpx.AsyncClient:
    """
    :param timeout: seconds for an answer, all of it.
    :param only_http2: without negotiation: APNs knows nothing else.
    :param verify: whose certificates are believed, in a test. :param most: octets of an answer.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address, and a device's token with it
    pools = 1 if only_http2 else POOLS
    of_one = CONNECTIONS // pools
    limits = httpx.Limits(max_connections=of_one, max_keepalive_connections=of_one, keepalive_expiry=300)
    context = verify or httpx.create_ssl_context(trust_env=False)

    def connect() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(
            verify=context, http1=not only_http2, http2=True, limits=limits, trust_env=False
        )  # fmt: skip

    # One silent stream would end all those of its connection by a time-out of reading: the transport has one for each.
    return httpx.AsyncClient(
        transport=WholeAnswers(connect, timeout, most, pools=pools), timeout=httpx.Timeout(timeout, read=None),
        follow_redirects=False, trust_env=False, headers={"User-Agent": "Wici", "Accept-Encoding": "identity"},
    )  # fmt: skip


def document_of(response: httpx.Response) -> Any:
    """The JSON of an answer; None where it is none that can be read."""
    try:
        return response.json()
    except (ValueError, RecursionError):  # nested deeper than the parser goes
        return None


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
    """What an HTTP status says where the provider says nothing more of it: a server on the way may have said it.

    What a provider takes it says in its own way. What says that something is ill, without a word of when to come again,
    may be said of a message that has arrived: nobody is to get it twice. Those that have not left yet wait.
    """
    code = f"{provider}.{status}"
    wait = retry_after(headers)
    if status == 429:
        return Answer(Verdict.LATER, code, wait, is_general=True)
    if status >= 500 or status < 300 or status == httpx.codes.SEE_OTHER:
        return Answer(Verdict.UNKNOWN if wait is None else Verdict.LATER, code, wait, is_general=True)
    if status < 400 or status in _OF_NO_MESSAGE:
        return Answer(Verdict.LATER, code, wait, is_general=True)
    if status in (401, 403):
        return Answer(Verdict.SET_UP, code)
    return Answer(Verdict.REFUSED, code)
