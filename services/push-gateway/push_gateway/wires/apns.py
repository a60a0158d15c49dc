"""APNs: HTTP/2, a provider token (ES256), one request a device.

https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from google.auth import jwt as google_jwt
from google.auth.crypt import es256

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.documents import object_of
from channel.providers.http import Place
from channel.providers.tokens import Remembered

PROVIDER = "apns"
# Apple takes tokens up to an hour old, and no new one within twenty minutes.
TOKEN_SECONDS = 2_400.0
_BY_REASON: Mapping[str, Verdict] = {
    # Of a device of the other environment, or of another application: the settings may be what is wrong.
    "BadDeviceToken": Verdict.REFUSED,
    "DeviceTokenNotForTopic": Verdict.REFUSED,
    "Unregistered": Verdict.GONE,
    "ExpiredToken": Verdict.GONE,
    "MissingTopic": Verdict.SET_UP,
    "BadTopic": Verdict.SET_UP,
    "TopicDisallowed": Verdict.SET_UP,
    "BadCertificate": Verdict.SET_UP,
    "BadCertificateEnvironment": Verdict.SET_UP,
    "BadEnvironmentKeyInToken": Verdict.SET_UP,
    "BadEnvironmentKeyIdInToken": Verdict.SET_UP,
    "InvalidProviderToken": Verdict.SET_UP,
    "MissingProviderToken": Verdict.SET_UP,
    "Forbidden": Verdict.SET_UP,
    "ExpiredProviderToken": Verdict.LATER,
    "TooManyProviderTokenUpdates": Verdict.LATER,
    "TooManyRequests": Verdict.LATER,  # of this device
    "IdleTimeout": Verdict.LATER,
    "InternalServerError": Verdict.LATER,
    "ServiceUnavailable": Verdict.LATER,
    "Shutdown": Verdict.LATER,
}
UNREADABLE = Answer(Verdict.UNKNOWN, f"{PROVIDER}.unreadable", is_general=True)
_is_reason = re.compile(r"[A-Za-z]{1,60}").fullmatch
_ILL = frozenset({"TooManyProviderTokenUpdates", "InternalServerError", "ServiceUnavailable"})


@dataclass(frozen=True, slots=True)
class ApnsAccount:
    team_id: str
    key_id: str
    private_key: bytes  # PEM
    topic: str
    sandbox: bool


class Apns:
    """:param client: speaks HTTP/2 alone. :param url, sandbox_url: of Apple's two environments."""

    def __init__(self, client: httpx.AsyncClient, url: str, sandbox_url: str) -> None:
        self._client = client
        self._urls = {False: url.rstrip("/"), True: sandbox_url.rstrip("/")}
        self._tokens: Remembered[str] = Remembered(TOKEN_SECONDS)

    async def send(
        self, account: ApnsAccount, token: str, headers: Mapping[str, str], body: bytes, place: Place
    ) -> Answer:
        """One notification; a provider token that has expired is made anew, once."""
        answer, signed = await self._try(account, token, headers, body, place)
        if answer.code == f"{PROVIDER}.ExpiredProviderToken":
            self._tokens.forget(account, signed)
            answer, _ = await self._try(account, token, headers, body, place)
        return answer

    async def _try(
        self, account: ApnsAccount, token: str, headers: Mapping[str, str], body: bytes, place: Place
    ) -> tuple[Answer, str]:
        signed = self._tokens.get(account) or self._tokens.put(account, provider_token(account, int(time.time())))
        try:
            async with place():
                response = await self._client.post(
                    f"{self._urls[account.sandbox]}/3/device/{token}",
                    content=body,
                    headers={**headers, "authorization": f"bearer {signed}"},
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, PROVIDER), signed
        return answer_of(response, headers.get("apns-id", "")), signed


def provider_token(account: ApnsAccount, now: int) -> str:
    """The JWT (ES256) by which Apple knows the team; it has no other claims than these two."""
    signer = es256.ES256Signer.from_string(account.private_key, account.key_id)
    signed: bytes = google_jwt.encode(signer, {"iss": account.team_id, "iat": now})
    return signed.decode()


def answer_of(response: httpx.Response, apns_id: str = "") -> Answer:
    """What APNs says of a notification.

    What it takes it says without a body and under the same id; whoever else says 200 is not believed. That a device is
    gone it says in its own words, and with 410.
    """
    if response.status_code == 200:
        is_of_it = response.headers.get("apns-id", "").lower() == apns_id.lower()
        is_taken = is_of_it and not response.content
        return Answer(Verdict.ACCEPTED) if is_taken else UNREADABLE
    reason = object_of(http.document_of(response)).get("reason")
    verdict = _BY_REASON.get(reason, Verdict.REFUSED) if isinstance(reason, str) and _is_reason(reason) else None
    if verdict is None or (verdict is Verdict.GONE and response.status_code != 410):
        return http.of_status(response.status_code, response.headers, PROVIDER)
    wait = http.retry_after(response.headers) if verdict is Verdict.LATER else None
    if verdict is Verdict.SET_UP:
        wait = http.SET_UP_WAIT
    return Answer(verdict, f"{PROVIDER}.{reason}", wait, reason in _ILL or verdict is Verdict.SET_UP)
