"""Viber's REST API for bots: one request a message, and where a bot's reports go.

https://developers.viber.com/docs/api/rest-bot-api/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from viber_gateway.domain import codes

PROVIDER = codes.PROVIDER
THROTTLED = 429
# What we are told of a message; who comes and goes, and what people write, Viber tells anyhow.
EVENT_TYPES = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
OK = 0


class HookRefused(Exception):
    """:param problem: why Viber does not report to the address, for a person."""


class Viber:
    """:param url: of the API. :param hook_client: apart, so that addresses take no connection of messages."""

    def __init__(self, client: httpx.AsyncClient, hook_client: httpx.AsyncClient, url: str) -> None:
        self._client, self._hook_client, self._url = client, hook_client, f"{url.rstrip('/')}/pa"

    async def send(self, auth_token: str, body: Mapping[str, Any], place: Place) -> tuple[Answer, UUID | None]:
        """One message; with Viber's number of it where it is taken."""
        try:
            async with place():
                response = await self._client.post(
                    f"{self._url}/send_message", json=body, headers=_authorization(auth_token)
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, PROVIDER), None
        return answer_of(response)

    async def set_webhook(self, auth_token: str, address: str) -> None:
        """Viber asks the address at once, and refuses what does not answer 200.

        :raises HookRefused: it does not report there.
        """
        asked = {"url": address, "event_types": list(EVENT_TYPES), "send_name": False, "send_photo": False}
        try:
            response = await self._hook_client.post(
                f"{self._url}/set_webhook", json=asked, headers=_authorization(auth_token)
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HookRefused(f"no answer that can be read: {type(error).__name__}") from None
        status = _status_of(response)
        if status != OK:
            raise HookRefused(f"status {response.status_code}" + ("" if status is None else f", code {status}"))


def _authorization(auth_token: str) -> dict[str, str]:
    return {"X-Viber-Auth-Token": auth_token}


def answer_of(response: httpx.Response) -> tuple[Answer, UUID | None]:
    """What Viber says of a message: of every one with 200, and with a status of its own.

    Only what it says in its own words is believed to be a refusal: what a server between us answers may stand for a
    message that has left, and nobody is to get it twice.
    """
    status, wait = _status_of(response), http.retry_after(response.headers)
    if status == OK:
        # Taken, whatever its number: without one no report finds it, and that is better than to send it twice.
        return Answer(Verdict.ACCEPTED), token_of(http.document_of(response).get("message_token"))
    if status is not None:
        return codes.answer_of(status, wait), None
    if response.status_code == THROTTLED:
        return Answer(Verdict.LATER, f"{PROVIDER}.429", wait, is_general=True), None
    if response.status_code == httpx.codes.OK:
        return Answer(Verdict.UNKNOWN, f"{PROVIDER}.unreadable", is_general=True), None
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Answer(Verdict.UNKNOWN, f"{PROVIDER}.{response.status_code}", is_general=True), None
    return http.of_status(response.status_code, response.headers, PROVIDER), None


def _status_of(response: httpx.Response) -> int | None:
    """Viber's, which stands in an answer with 200: servers on the way write theirs into a `status` of their own."""
    document = http.document_of(response) if response.status_code == httpx.codes.OK else None
    status = document.get("status") if isinstance(document, Mapping) else None
    return status if type(status) is int and 0 <= status < 1_000_000 else None


def token_of(number: Any) -> UUID | None:
    """Viber's number of a message, 64 bits and more than JavaScript's integers, as the ledger keeps it."""
    digits = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    return UUID(int=int(digits)) if digits.isascii() and digits.isdecimal() and len(digits) <= 38 else None
