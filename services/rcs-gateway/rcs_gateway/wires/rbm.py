"""Google's RCS Business Messaging API, v1: messages, their taking back, and who can be reached.

https://developers.google.com/business-communications/rcs-business-messaging/reference/rest
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import httpx

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.documents import object_of
from channel.providers.google import GoogleTokens, ServiceAccount
from channel.providers.http import Place

PROVIDER = "rcs"
SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
QUOTA_WAIT = 10.0  # seconds, where a refusal for the rate names none
# A check of many phones takes from 500 to 10,000, and of fewer there may be no answer.
CHECKED_LEAST, CHECKED_MOST = 500, 10_000
_BY_STATUS: Mapping[str, Verdict] = {
    "INVALID_ARGUMENT": Verdict.REFUSED,
    "FAILED_PRECONDITION": Verdict.REFUSED,
    "OUT_OF_RANGE": Verdict.REFUSED,
    "NOT_FOUND": Verdict.GONE,  # no RCS at the phone, or the agent is not launched at its network
    "ALREADY_EXISTS": Verdict.ACCEPTED,
    "PERMISSION_DENIED": Verdict.SET_UP,
    "UNAUTHENTICATED": Verdict.SET_UP,
    "RESOURCE_EXHAUSTED": Verdict.LATER,
    "UNAVAILABLE": Verdict.LATER,
    "INTERNAL": Verdict.LATER,
    "DEADLINE_EXCEEDED": Verdict.UNKNOWN,
}
_UNREADABLE = Answer(Verdict.UNKNOWN, f"{PROVIDER}.no_answer", is_general=True)
# What is said of a phone or of a message's id is said with this status, too: else somebody else is speaking.
_STATUSES: Mapping[str, int] = {"NOT_FOUND": 404, "ALREADY_EXISTS": 409}


class Rbm:
    """
    :param url: of the API, of one region. :param tokens: of the scope `SCOPE`.
    An account's `project_id` is Google's id of the agent.
    """

    def __init__(self, client: httpx.AsyncClient, tokens: GoogleTokens, url: str) -> None:
        self._client, self._tokens, self._url = client, tokens, url.rstrip("/")

    async def send(
        self, account: ServiceAccount, phone: str, message_id: str, body: Mapping[str, Any], place: Place
    ) -> Answer:
        """One message. A repeat of its id is ignored, so that it may be asked again where nothing was heard."""
        asked = {"messageId": message_id, "agentId": account.project_id}

        async def ask(headers: Mapping[str, str]) -> Answer:
            async with place():
                url = f"{self._url}/v1/phones/{phone}/agentMessages"
                return _taken(await self._client.post(url, params=asked, json=body, headers=headers), message_id)

        return await self._tokens.with_token(account, ask)

    async def revoke(self, account: ServiceAccount, phone: str, message_id: str, place: Place) -> Answer:
        """ACCEPTED: it is taken back. GONE: it has been delivered before, or never was there."""
        asked = {"agentId": account.project_id}

        async def ask(headers: Mapping[str, str]) -> Answer:
            async with place():
                url = f"{self._url}/v1/phones/{phone}/agentMessages/{message_id}"
                return _taken_back(await self._client.delete(url, params=asked, headers=headers))

        return await self._tokens.with_token(account, ask)

    async def reachable(self, account: ServiceAccount, phones: Collection[str]) -> frozenset[str] | None:
        """Those of the phones that the agent can reach; None where Google does not say."""
        found: list[frozenset[str]] = []

        async def ask(headers: Mapping[str, str]) -> Answer:
            body = {"users": list(phones), "agentId": account.project_id}
            response = await self._client.post(f"{self._url}/v1/users:batchGet", json=body, headers=headers)
            answer = answer_of(response)
            if answer.verdict is Verdict.ACCEPTED and (named := _reachable(response)) is not None:
                found.append(named)
            return answer

        await self._tokens.with_token(account, ask)
        return found[0] if found else None


def _reachable(response: httpx.Response) -> frozenset[str] | None:
    """`reachableUsers` is left out where there are none; of an answer without any figure nothing is believed."""
    said = http.document_of(response)
    if not isinstance(said, dict) or not {"reachableUsers", "totalRandomSampleUserCount"} & said.keys():
        return None
    phones = said.get("reachableUsers", [])
    if not isinstance(phones, list) or not all(isinstance(phone, str) for phone in phones):
        return None
    return frozenset(phones)


def answer_of(response: httpx.Response) -> Answer:
    """What Google says: `error.status` is a code of google.rpc."""
    if 200 <= response.status_code < 300:
        return Answer(Verdict.ACCEPTED)
    status = _status_of(response)
    verdict = _BY_STATUS.get(status or "")
    if verdict is None or _STATUSES.get(status or "", response.status_code) != response.status_code:
        return http.of_status(response.status_code, response.headers, PROVIDER)
    code = f"{PROVIDER}.{status}"
    if verdict is Verdict.LATER:
        wait = http.retry_after(response.headers)
        return Answer(verdict, code, QUOTA_WAIT if wait is None and status == "RESOURCE_EXHAUSTED" else wait, True)
    if verdict is Verdict.SET_UP:
        return Answer(verdict, code, http.SET_UP_WAIT, is_general=True)
    return Answer(verdict, None if verdict is Verdict.ACCEPTED else code)


def _taken(response: httpx.Response, message_id: str) -> Answer:
    """The message is Google's where the answer names it; whoever else says 200, or of another one, is not believed."""
    answer = answer_of(response)
    if not 200 <= response.status_code < 300:
        return answer
    name = object_of(http.document_of(response)).get("name")
    is_named = isinstance(name, str) and name.rpartition("/")[2] == message_id
    return answer if is_named else _UNREADABLE


def _taken_back(response: httpx.Response) -> Answer:
    """By an object without anything; whoever else says 200 is not believed."""
    answer = answer_of(response)
    is_said = answer.verdict is not Verdict.ACCEPTED or http.document_of(response) == {}
    return answer if is_said else _UNREADABLE


def _status_of(response: httpx.Response) -> str | None:
    try:
        return str(http.document_of(response)["error"]["status"])
    except (KeyError, TypeError):
        return None
