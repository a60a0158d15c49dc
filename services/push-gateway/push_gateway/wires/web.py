"""Web Push: RFC 8030 (the request), RFC 8291 (encryption for one browser), RFC 8292 (VAPID: who we are)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import http_ece
import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from channel.providers.tokens import Remembered
from push_gateway.wires.keys import decoded

PROVIDER = "web"
TOKEN_SECONDS = 36_000.0  # of the twelve hours that a token says it holds; RFC 8292 allows a day
EXPIRES_SECONDS = 43_200


@dataclass(frozen=True, slots=True)
class WebAccount:
    """:ivar subject: `mailto:` or `https:`, whom a push service may write to."""

    private_key: bytes  # PEM
    subject: str


class Web:
    """:param client: for whatever version of HTTP a push service speaks."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._tokens: Remembered[str] = Remembered(TOKEN_SECONDS)

    async def send(
        self,
        account: WebAccount,
        endpoint: str,
        keys: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        place: Place,
    ) -> Answer:
        """One message to one browser."""
        try:
            sealed = encrypted(body, keys)
        except (ValueError, KeyError, http_ece.ECEException):
            return Answer(Verdict.GONE, f"{PROVIDER}.keys_invalid")
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(endpoint))
        try:
            signed = self._tokens.get((account, origin)) or self._tokens.put(
                (account, origin), authorization(account, origin, int(time.time()))
            )
        except VapidException:  # an address that is none
            return Answer(Verdict.SET_UP, f"{PROVIDER}.contact_invalid")
        try:
            async with place():
                response = await self._client.post(
                    endpoint,
                    content=sealed,
                    headers={
                        **headers,
                        "Authorization": signed,
                        "Content-Encoding": "aes128gcm",
                        "Content-Type": "application/octet-stream",
                    },
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, PROVIDER)
        return answer_of(response)


def answer_of(response: httpx.Response) -> Answer:
    """A push service speaks by statuses alone (RFC 8030, section 5): what is taken is 201, or 202 where it is told of
    later. Whoever says another 2xx is none."""
    status, code = response.status_code, f"{PROVIDER}.{response.status_code}"
    if status in (404, 410):
        return Answer(Verdict.GONE, code)
    if status in (201, 202):
        return Answer(Verdict.ACCEPTED)
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        return Answer(Verdict.LATER, code, http.retry_after(response.headers), is_general=True)
    return http.of_status(status, response.headers, PROVIDER)


def encrypted(body: bytes, keys: Mapping[str, str]) -> bytes:
    """The body for one browser alone, with a key of its own (RFC 8291)."""
    sealed: bytes = http_ece.encrypt(
        body,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(keys["p256dh"]),
        auth_secret=decoded(keys["auth"]),
        version="aes128gcm",
    )
    return sealed


def authorization(account: WebAccount, origin: str, now: int) -> str:
    """The header by which a push service knows the application (RFC 8292)."""
    vapid = Vapid02.from_pem(account.private_key)
    header: str = vapid.sign({"aud": origin, "sub": account.subject, "exp": now + EXPIRES_SECONDS})["Authorization"]
    return header
