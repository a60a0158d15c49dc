"""Google's APIs: an OAuth 2 token of a service account by a signed assertion (RFC 7523), remembered while it lives."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt
from google.auth import jwt as google_jwt

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.documents import object_of
from channel.providers.tokens import Remembered

TOKEN_SECONDS = 3_000.0  # Google's live for an hour; one that lives shorter is refused, and asked for anew
_is_token = re.compile(r"[\x21-\x7e]{1,8192}").fullmatch  # what a header may carry
_REFUSING = frozenset({400, 401, 403})

Ask = Callable[[Mapping[str, str]], Awaitable[Answer]]
"""One request with these headers."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """:ivar project_id: of the project or agent that it acts for. :ivar private_key: PEM."""

    project_id: str
    client_email: str
    private_key: bytes

    def digest(self) -> bytes:
        """Stands for it where it is remembered: a key that was replaced is not kept for that."""
        parts = (self.project_id.encode(), self.client_email.encode(), self.private_key)
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


class GoogleTokens:
    """Access tokens of service accounts for one API.

    :param client: apart from the messages', so that who gives out no tokens takes no connection of theirs.
    :param token_url: where they are given out. :param provider: as codes begin.
    """

    def __init__(self, client: httpx.AsyncClient, token_url: str, scope: str, provider: str) -> None:
        self._client, self._url, self._scope, self._provider = client, token_url, scope, provider
        self._tokens: Remembered[str] = Remembered(TOKEN_SECONDS)
        self._refusals: Remembered[Answer] = Remembered(http.SET_UP_WAIT)
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()  # those that are in use

    async def with_token(self, account: ServiceAccount, ask: Ask) -> Answer:
        """The answer to a request under the account's token; one that is refused is asked for anew, once."""
        answer, token = await self._try(account, ask)
        refusals = (f"{self._provider}.UNAUTHENTICATED", f"{self._provider}.401")
        if answer.verdict is Verdict.SET_UP and answer.code in refusals and token:
            self._tokens.forget(account.digest(), token)
            answer, _ = await self._try(account, ask)
        return answer

    async def _try(self, account: ServiceAccount, ask: Ask) -> tuple[Answer, str | None]:
        token = await self._token(account)
        if isinstance(token, Answer):
            return token, None
        try:
            return await ask({"Authorization": f"Bearer {token}"}), token
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, self._provider), token

    async def _token(self, account: ServiceAccount) -> str | Answer:
        key = account.digest()
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:  # one asks, and the others have it too
            known = self._tokens.get(key) or self._refusals.get(key)
            if known is not None:
                return known
            found = await self._new_token(account)
            if isinstance(found, Answer):
                return self._refusals.put(key, found)
            return self._tokens.put(key, found)

    async def _new_token(self, account: ServiceAccount) -> str | Answer:
        """Nothing of a message has left, so that it may always be tried again."""
        try:
            response = await self._client.post(
                self._url,
                data={
                    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    "assertion": assertion(account, self._url, self._scope, int(time.time())),
                },
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answer(Verdict.LATER, f"{self._provider}.unreachable", http.SET_UP_WAIT, is_general=True)
        document = object_of(http.document_of(response))
        token = document.get("access_token")
        if response.status_code == httpx.codes.OK and isinstance(token, str) and _is_token(token):
            return token
        if response.status_code in _REFUSING and "error" in document:
            return Answer(Verdict.SET_UP, f"{self._provider}.account_refused", http.SET_UP_WAIT, is_general=True)
        wait = http.retry_after(response.headers)
        return Answer(Verdict.LATER, f"{self._provider}.no_token", wait, is_general=True)


def assertion(account: ServiceAccount, audience: str, scope: str, now: int) -> str:
    """The JWT (RS256) by which a service account asks for an access token."""
    signer = crypt.RSASigner.from_string(account.private_key)  # type: ignore[no-untyped-call]
    claims = {"iss": account.client_email, "scope": scope, "aud": audience, "iat": now, "exp": now + 3600}
    signed: bytes = google_jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
    return signed.decode()


def is_rsa(pem: bytes) -> bool:
    """Whether it is a service account's private key."""
    try:
        return isinstance(serialization.load_pem_private_key(pem, password=None), rsa.RSAPrivateKey)
    except Exception:  # whatever a stranger's bytes make of the parser: it is no key
        return False
