"""WhatsApp Cloud API: one request a message, and the templates of a business account.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages and
https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.http import Place
from ott_gateway.domain import codes

PROVIDER = codes.PROVIDER
THROTTLED = 429
MOST_ID = 200  # characters of WhatsApp's id of a message
PAGE, MOST_PAGES = 200, 50  # templates read at once, and pages
MOST_OF_TEMPLATES = 8 * 1024 * 1024  # octets of a page


@dataclass(frozen=True, slots=True)
class WhatsappAccount:
    """What Meta knows a number by."""

    phone_number_id: str
    business_account_id: str
    access_token: str


class TemplatesUnread(Exception):
    """:param problem: why the templates cannot be read, for a person."""


class Whatsapp:
    """:param url: of the Graph API. :param version: of it, `v23.0`.
    :param template_client: apart, so that lists of templates take no connection of messages."""

    def __init__(self, client: httpx.AsyncClient, template_client: httpx.AsyncClient, url: str, version: str) -> None:
        self._client, self._template_client = client, template_client
        self._url = f"{url.rstrip('/')}/{version}"

    async def send(self, account: WhatsappAccount, body: Mapping[str, Any], place: Place) -> tuple[Answer, str | None]:
        """One message; with its id where it is taken."""
        try:
            async with place():
                response = await self._client.post(
                    f"{self._url}/{account.phone_number_id}/messages", json=body, headers=_authorization(account)
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return http.failed(error, PROVIDER), None
        return answer_of(response)

    async def templates(self, account: WhatsappAccount) -> list[dict[str, Any]]:
        """All of the business account. :raises TemplatesUnread: they cannot be read whole now."""
        found: list[dict[str, Any]] = []
        asked = {"fields": "name,language,status,category,components", "limit": str(PAGE)}
        for _ in range(MOST_PAGES):
            document = await self._page(account, asked)
            found += _templates_of(document)
            after = _cursor_of(document)
            if after is None:
                return found
            asked = {**asked, "after": after}
        raise TemplatesUnread(f"there are more than {PAGE * MOST_PAGES}")

    async def _page(self, account: WhatsappAccount, asked: Mapping[str, str]) -> dict[str, Any]:
        address = f"{self._url}/{account.business_account_id}/message_templates"
        try:
            response = await self._template_client.get(address, params=asked, headers=_authorization(account))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TemplatesUnread(f"no answer that can be read: {type(error).__name__}") from None
        document = http.document_of(response)
        if response.status_code != httpx.codes.OK or not isinstance(document, dict):
            number = _error_of(document)
            said = "" if number is None else f", code {number}"
            raise TemplatesUnread(f"status {response.status_code}{said}")
        if not isinstance(document.get("data"), list):  # not that there are none
            raise TemplatesUnread("no list of templates")
        return document


def _authorization(account: WhatsappAccount) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.access_token}"}


def answer_of(response: httpx.Response) -> tuple[Answer, str | None]:
    """What WhatsApp says of a message.

    Only what it says in its own words is believed to be a refusal: what a server between us answers may stand for a
    message that has left, and nobody is to get it twice.
    """
    document = http.document_of(response)
    if response.status_code == httpx.codes.OK:
        wamid = _id_of(document)
        unreadable = Answer(Verdict.UNKNOWN, f"{PROVIDER}.unreadable", is_general=True)
        return (Answer(Verdict.ACCEPTED), wamid) if wamid else (unreadable, None)
    wait = http.retry_after(response.headers)
    number = _error_of(document)
    if number == response.status_code:  # as a server on the way says it; WhatsApp has numbers of its own
        number = None
    if number is not None and (known := codes.answer_of(number, wait)) is not None:
        return known, None
    if response.status_code == THROTTLED:
        return Answer(Verdict.LATER, f"{PROVIDER}.429", wait, is_general=True), None
    if number is not None:  # a code of later than this table
        is_ours = response.status_code < httpx.codes.INTERNAL_SERVER_ERROR
        return Answer(Verdict.REFUSED if is_ours else Verdict.LATER, codes.code_of(number), wait), None
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Answer(Verdict.UNKNOWN, f"{PROVIDER}.{response.status_code}", is_general=True), None
    return http.of_status(response.status_code, response.headers, PROVIDER), None


def _id_of(document: Any) -> str | None:
    try:
        found = document["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        return None
    is_id = isinstance(found, str) and found.isascii() and found.isprintable() and 0 < len(found) <= MOST_ID
    return found if is_id else None


def _error_of(document: Any) -> int | None:
    try:
        number = document["error"]["code"]
    except (KeyError, TypeError):
        return None
    return number if type(number) is int and 0 <= number < 10_000_000 else None


def _templates_of(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["data"]:
        if not isinstance(item, dict) or not all(isinstance(item.get(n), str) for n in ("name", "language", "status")):
            continue
        components = item.get("components")
        category = item.get("category")
        yield {
            "name": item["name"],
            "language": item["language"],
            "status": item["status"],
            "category": category if isinstance(category, str) else None,
            "components": [one for one in components if isinstance(one, dict)] if isinstance(components, list) else [],
        }


def _cursor_of(document: Mapping[str, Any]) -> str | None:
    """Where the next page begins; None: this is the last one."""
    try:
        after = document["paging"]["cursors"]["after"] if document["paging"].get("next") else None
    except (KeyError, TypeError, AttributeError):
        return None
    return after if isinstance(after, str) and after else None
