"""Logging in and out."""

from __future__ import annotations

from typing import Any

from flask import Response

from api_gateway import problems, session_cookie
from api_gateway.context import RequestContext
from api_gateway.routes.me import ME_EXAMPLE
from api_gateway.routing import ANYONE, PUBLIC, Route
from api_gateway.session_cookie import SessionCookies
from contracts.errors import Unauthenticated
from contracts.identity import sessions
from contracts.identity.shapes import text_field
from contracts.schema import PageQuery, Schema

TOKENS_EXAMPLE = {
    "session_id": "019abf20-5c00-7000-8000-000000000003",
    "access_token": "ws_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "refresh_token": "wr_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "token_type": "Bearer",
    "expires_in": 900,
    "device_token": None,
}

SESSION_EXAMPLE = {
    "id": "019abf20-5c00-7000-8000-000000000003",
    "device": "Firefox, Linux",
    "address": "192.0.2.1",
    "created_at": "2026-11-24T08:00:00+00:00",
    "last_used_at": "2026-11-24T08:30:00+00:00",
    "expires_at": "2026-12-24T08:00:00+00:00",
    "ends_at": "2026-12-24T08:00:00+00:00",
    "current": True,
}


class RefreshRequest(Schema):
    """`refresh_token` is left out where it is in the cookie."""

    refresh_token = text_field(200, minimum=1)


def create_session(context: RequestContext) -> Response:
    """Log in, with the trust of a device from its cookie where the request is a browser's."""
    is_in_cookies = session_cookie.is_wanted(context.request)
    payload = context.payload
    if is_in_cookies and payload.get("device_token") is None:
        payload = {**payload, "device_token": _cookies(context).device_token(context.request)}
    tokens = context.call("identity.create_session", payload)
    return _told(context, tokens) if is_in_cookies else context.answer(tokens)


def refresh_session(context: RequestContext) -> Response:
    """New tokens for the refresh token of the body, or of the cookie, which ends with its session."""
    is_in_cookies = session_cookie.is_wanted(context.request)
    given = _cookies(context).refresh_token(context.request) if is_in_cookies else context.payload.get("refresh_token")
    try:
        if given is None:
            raise Unauthenticated(
                "session.refresh_missing", "Send the refresh token, or its cookie with `Wici-Session: cookie`."
            )
        tokens = context.call("identity.refresh_session", {"refresh_token": given})
    except Unauthenticated as error:
        if not is_in_cookies:
            raise
        answer = problems.problem(error)
        _cookies(context).end(answer)
        return answer
    return _told(context, tokens) if is_in_cookies else context.answer(tokens)


def end_session(context: RequestContext) -> Response:
    """Log out; the cookie of the session that asks goes with it."""
    answer = context.answer(context.call("identity.end_session"))
    if context.payload["session_id"] == "current" and _cookies(context).refresh_token(context.request):
        _cookies(context).end(answer)
    return answer


def _told(context: RequestContext, tokens: dict[str, Any]) -> Response:
    answer = context.answer(session_cookie.without_secrets(tokens))
    _cookies(context).keep(answer, tokens)
    return answer


def _cookies(context: RequestContext) -> SessionCookies:
    return SessionCookies(context.wiring.config.public_url)


ROUTES: list[Route] = [
    Route(
        "POST",
        "/v1/sessions",
        handler=create_session,
        headers=(session_cookie.HEADER_PARAMETER,),
        permission=PUBLIC,
        summary="Log in",
        description=(
            "Answers 401 `session.totp_required` where the second factor is on and no code was sent. Failures are "
            "slowed, then locked, per login and per address: 429 with `Retry-After`, also for logins that do not exist."
            " `me` in the answer is what `GET /v1/me` would say.\n\n"
            "A page in a browser sends `Wici-Session: cookie`, keeps the access token in memory and never sees the "
            "refresh token. Such a page comes from the API's own origin: no other may send the header."
        ),
        request=sessions.SessionCreate,
        response=sessions.OpenedSession,
        status=201,
        tags=["Sessions"],
        example={"login": "rozalia", "password": "trzy zielone parasole", "device": "Firefox, Linux"},
        response_example={**TOKENS_EXAMPLE, "me": ME_EXAMPLE},
    ),
    Route(
        "POST",
        "/v1/sessions/refresh",
        handler=refresh_session,
        headers=(session_cookie.HEADER_PARAMETER,),
        permission=PUBLIC,
        summary="Get new tokens for a refresh token",
        description=(
            "A refresh token works once. For ten seconds it gets the same tokens again, so that two tabs which refresh "
            "at once keep the session; one that comes later ends its session (401 `session.refresh_reused`).\n\n"
            "With `Wici-Session: cookie` the token is the cookie's, and the body may be left out; 401 takes the cookie "
            "away."
        ),
        request=RefreshRequest,
        response=sessions.SessionTokens,
        tags=["Sessions"],
        example={"refresh_token": "wr_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        response_example=TOKENS_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/sessions",
        rpc="identity.list_sessions",
        permission=ANYONE,
        summary="List one's own sessions",
        query=PageQuery,
        response=sessions.SessionPage,
        session_only=True,
        tags=["Sessions"],
        response_example={
            "items": [SESSION_EXAMPLE],
            "next_cursor": None,
        },
    ),
    Route(
        "POST",
        "/v1/sessions/current/proof",
        rpc="identity.prove_session",
        permission=ANYONE,
        summary="Prove once more who is logged in",
        description=(
            "By the password or a code of the second factor. What opens doors for good (API keys, users and their "
            "rights, roles, IP rules, the second factor) is answered 403 `session.proof_required` unless "
            "somebody logged in or proved it in the last ten minutes."
        ),
        request=sessions.SessionProof,
        status=204,
        session_only=True,
        tags=["Sessions"],
        example={"password": "trzy zielone parasole"},
    ),
    Route(
        "DELETE",
        "/v1/sessions/<session:session_id>",
        handler=end_session,
        permission=ANYONE,
        summary="End one of one's own sessions",
        description="`current` is the session that asks: logging out, in every tab that shares it.",
        status=204,
        session_only=True,
        tags=["Sessions"],
    ),
]
