"""FCM HTTP v1: an OAuth 2 token of the application's service account, and one request a device.

Errors: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode; waits: https://firebase.google.com/docs/cloud-messaging/scale-fcm
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from google.auth import crypt
from google.auth import jwt as google_jwt

from push_gateway.domain.answers import Answer, Verdict
from push_gateway.wires import http
from push_gateway.wires.http import Place
from push_gateway.wires.tokens import Remembered

PROVIDER = "fcm"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN_SECONDS = 3_000.0  # Google's live for an hour
QUOTA_WAIT = 60.0  # seconds, where a refusal for the rate names none
_BY_CODE: Mapping[str, Verdict] = {
    "UNREGISTERED": Verdict.GONE,
    "SENDER_ID_MISMATCH": Verdict.REFUSED,  # of another project, or these credentials are: the device stays
    "INVALID_ARGUMENT": Verdict.REFUSED,
    "THIRD_PARTY_AUTH_ERROR": Verdict.SET_UP,
    "PERMISSION_DENIED": Verdict.SET_UP,
    "UNAUTHENTICATED": Verdict.SET_UP,
    "NOT_FOUND": Verdict.SET_UP,  # the project; a device that is not found is UNREGISTERED
    "QUOTA_EXCEEDED": Verdict.LATER,
    "RESOURCE_EXHAUSTED": Verdict.LATER,
    "UNAVAILABLE": Verdict.LATER,
    "INTERNAL": Verdict.LATER,
}
# Of the project and its service account; a third party's authentication is of some devices alone.
_OF_ALL = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class FcmAccount:
    project_id: str
    client_email: str
    private_key: bytes  # PEM


class Fcm:
    """:param url: of the API. :param token_url: where access tokens are given out.
    :param token_client: apart, so that who gives out no tokens takes no connection of messages.
    """

    def __init__(self, client: httpx.AsyncClient, token_client: httpx.AsyncClient, url: str, token_url: str) -> None:
        self._client, self._token_client = client, token_client
        self._url, self._token_url = url.rstrip("/"), token_url
        self._tokens: Remembered[str] = Remembered(TOKEN_SECONDS)
        self._refusals: Remembered[Answer] = Remembered(http.SET_UP_WAIT)
        self._locks: dict[FcmAccount, asyncio.Lock] = {}

    async def send(self, account: FcmAccount, body: dict[str, Any], place: Place) -> Answer:
        """One message; a token that is refused is asked for anew, once."""
        answer, token = await self._try(account, body, place)
        if answer.verdict is Verdict.SET_UP and answer.code == f"{PROVIDER}.UNAUTHENTICATED" and token:
            self._tokens.forget(account, token)
            answer, _ = await self._try(account, body, place)
        return answer

    async def _try(self, account: FcmAccount, body: dict[str, Any], place: Place) -> tuple[Answer, str | None]:
        token = await self._token(account)
        if isinstance(token, Answer):
            return token, None
        try:
            async with place():
                response = await self._client.post(
                    f"{self._url}/v1/projects/{account.project_id}/messages:send",
                    json=body,
                    headers={"Authorization": f"Bearer {token}"},
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, PROVIDER), token
        return answer_of(response), token

    async def _token(self, account: FcmAccount) -> str | Answer:
        async with self._locks.setdefault(account, asyncio.Lock()):  # one asks, and the others have it too
            known = self._tokens.get(account) or self._refusals.get(account)
            if known is not None:
                return known
            found = await self._new_token(account)
            if isinstance(found, Answer):
                return self._refusals.put(account, found)
            return self._tokens.put(account, found)

    async def _new_token(self, account: FcmAccount) -> str | Answer:
        """By a signed assertion (RFC 7523); nothing of a message has left, so that it may always be tried again."""
        try:
            response = await self._token_client.post(
                self._token_url,
                data={
                    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    "assertion": assertion(account, self._token_url, int(time.time())),
                },
            )
            token = response.json().get("access_token") if response.status_code == 200 else None
        except httpx.HTTPError:
            return Answer(Verdict.LATER, f"{PROVIDER}.unreachable", http.SET_UP_WAIT, is_general=True)
        except ValueError:
            token = None
        if isinstance(token, str) and token:
            return token
        if response.status_code == 429 or response.status_code >= 500:
            wait = http.retry_after(response.headers)
            return Answer(Verdict.LATER, f"{PROVIDER}.no_token", wait, is_general=True)
        return Answer(Verdict.SET_UP, f"{PROVIDER}.account_refused", http.SET_UP_WAIT, is_general=True)


def assertion(account: FcmAccount, audience: str, now: int) -> str:
    """The JWT (RS256) by which a service account asks for an access token."""
    signer = crypt.RSASigner.from_string(account.private_key)
    claims = {"iss": account.client_email, "scope": SCOPE, "aud": audience, "iat": now, "exp": now + 3600}
    signed: bytes = google_jwt.encode(signer, claims)
    return signed.decode()


def answer_of(response: httpx.Response) -> Answer:
    """What FCM says of a message."""
    if response.status_code == 200:
        return Answer(Verdict.ACCEPTED)
    code, is_of_token = _error_of(response)
    verdict = _BY_CODE.get(code or "")
    if verdict is None:
        return http.of_status(response.status_code, response.headers, PROVIDER)
    if verdict is Verdict.LATER:
        wait = http.retry_after(response.headers)
        is_quota = code in ("QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED")
        return Answer(verdict, f"{PROVIDER}.{code}", QUOTA_WAIT if is_quota and wait is None else wait, True)
    if verdict is Verdict.REFUSED and is_of_token:
        verdict = Verdict.GONE  # what is no token now never becomes one
    if code in _OF_ALL:
        return Answer(verdict, f"{PROVIDER}.{code}", http.SET_UP_WAIT, is_general=True)
    return Answer(verdict, f"{PROVIDER}.{code}")


def _error_of(response: httpx.Response) -> tuple[str | None, bool]:
    """FCM's own code, else the status; and whether it is the token that is wrong."""
    try:
        error = response.json()["error"]
        details = [one for one in error.get("details", []) if isinstance(one, dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, False
    own = [str(one["errorCode"]) for one in details if "errorCode" in one]
    fields = [
        violation.get("field")
        for one in details
        for violation in one.get("fieldViolations") or ()
        if isinstance(violation, dict)
    ]
    return (own[0] if own else str(error.get("status") or "")) or None, "message.token" in fields
