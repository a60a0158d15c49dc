"""Logging in and out."""

from __future__ import annotations

from api_gateway.routes.me import ME_EXAMPLE
from api_gateway.routing import ANYONE, PUBLIC, Route
from contracts.identity import sessions
from contracts.schema import PageQuery

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

ROUTES: list[Route] = [
    Route(
        "POST",
        "/v1/sessions",
        rpc="identity.create_session",
        permission=PUBLIC,
        summary="Log in",
        description=(
            "Answers 401 `session.totp_required` where the second factor is on and no code was sent. Failures are "
            "slowed, then locked, per login and per address: 429 with `Retry-After`, also for logins that do not exist."
            " `me` in the answer is what `GET /v1/me` would say."
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
        rpc="identity.refresh_session",
        permission=PUBLIC,
        summary="Get new tokens for a refresh token",
        description=(
            "A refresh token works once. For ten seconds it gets the same tokens again, so that two tabs which refresh "
            "at once keep the session; one that comes later ends its session (401 `session.refresh_reused`)."
        ),
        request=sessions.SessionRefresh,
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
        rpc="identity.end_session",
        permission=ANYONE,
        summary="End one of one's own sessions",
        description="`current` is the session that asks: logging out.",
        status=204,
        session_only=True,
        tags=["Sessions"],
    ),
]
