"""FCM HTTP v1: an OAuth 2 token of the application's service account, and one request a device.

Errors: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode; waits: https://firebase.google.com/docs/cloud-messaging/scale-fcm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from channel.providers import http
from channel.providers.answers import Answer, Verdict
from channel.providers.documents import object_of, objects_of
from channel.providers.google import GoogleTokens, ServiceAccount
from channel.providers.http import Place

PROVIDER = "fcm"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
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
UNREADABLE = Answer(Verdict.UNKNOWN, f"{PROVIDER}.unreadable", is_general=True)
# What is said of the device is said with this status, too: else somebody else is speaking.
_STATUSES: Mapping[str, int] = {"UNREGISTERED": 404, "INVALID_ARGUMENT": 400}
# Of the project and its service account; a third party's authentication is of some devices alone.
_OF_ALL = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND"})


class Fcm:
    """:param url: of the API. :param token_url: where access tokens are given out.
    :param token_client: apart, so that who gives out no tokens takes no connection of messages.
    """

    def __init__(self, client: httpx.AsyncClient, token_client: httpx.AsyncClient, url: str, token_url: str) -> None:
        self._client, self._url = client, url.rstrip("/")
        self._tokens = GoogleTokens(token_client, token_url, SCOPE, PROVIDER)

    async def send(self, account: ServiceAccount, body: dict[str, Any], place: Place) -> Answer:
        """One message."""

        async def ask(headers: Mapping[str, str]) -> Answer:
            async with place():
                response = await self._client.post(
                    f"{self._url}/v1/projects/{account.project_id}/messages:send", json=body, headers=headers
                )
            return answer_of(response)

        return await self._tokens.with_token(account, ask)


def answer_of(response: httpx.Response) -> Answer:
    """What FCM says of a message, which is FCM's where it is named; whoever else says 200 is not believed."""
    document = http.document_of(response)
    if response.status_code == 200:
        name = object_of(document).get("name")
        is_named = isinstance(name, str) and "/messages/" in name
        return Answer(Verdict.ACCEPTED) if is_named else UNREADABLE
    code, is_of_token = _error_of(document)
    verdict = _BY_CODE.get(code or "")
    if verdict is None or _STATUSES.get(code or "", response.status_code) != response.status_code:
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


def _error_of(document: Any) -> tuple[str | None, bool]:
    """FCM's own code, else the status; and whether it is the token that is wrong."""
    try:
        error = document["error"]
        details = [one for one in error.get("details", []) if isinstance(one, dict)]
    except (KeyError, TypeError, AttributeError):
        return None, False
    own = [str(one["errorCode"]) for one in details if "errorCode" in one]
    fields = [violation.get("field") for one in details for violation in objects_of(one.get("fieldViolations"))]
    return (own[0] if own else str(error.get("status") or "")) or None, "message.token" in fields
