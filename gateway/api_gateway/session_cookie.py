"""Sessions of browsers: the refresh token in a cookie that no script can read (RFC 6265bis; decision 0127).

A browser asks for it by a header. A form of another site cannot send one, and a script of another origin is not let
(`cors`), so the cookie alone, which the browser sends by itself, does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from contracts.errors import Unreadable

HEADER = "Wici-Session"
COOKIE_MODE = "cookie"
PATH = "/v1/sessions"
PANEL_PATH = "/app"
# Without use; when the session itself ends identity says. No browser keeps a cookie longer than 400 days.
REFRESH_SECONDS, DEVICE_SECONDS = 30 * 86_400, 400 * 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")

HEADER_PARAMETER: Mapping[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "enum": [COOKIE_MODE]},
    "description": (
        "For pages in a browser: the refresh token, and the token of a trusted device, are in cookies that no script "
        "reads (`HttpOnly`, `Secure`, `SameSite=Strict`), and `null` in the answer. A third, `wici_session`, which "
        "scripts under `/app` do read, says as long that there is a session, and nothing of it."
    ),
    "example": COOKIE_MODE,
}


class SessionCookies:
    """The cookies of one installation.

    :param public_url: where it is https, browsers let nothing unencrypted put another cookie in their place.
    """

    def __init__(self, public_url: str) -> None:
        prefix = "__Secure-" if public_url.startswith("https:") else ""
        self._refresh, self._device = f"{prefix}wici_refresh", f"{prefix}wici_device"
        self._mark = f"{prefix}wici_session"

    def refresh_token(self, request: Request) -> str | None:
        return _token(request, self._refresh)

    def device_token(self, request: Request) -> str | None:
        return _token(request, self._device)

    def keep(self, answer: Response, tokens: Mapping[str, Any]) -> None:
        """Put what is secret of `tokens` into cookies; what `without_secrets` leaves goes into the body."""
        _keep(answer, self._refresh, tokens["refresh_token"], REFRESH_SECONDS)
        _mark(answer, self._mark, REFRESH_SECONDS)
        if tokens.get("device_token"):
            _keep(answer, self._device, tokens["device_token"], DEVICE_SECONDS)

    def end(self, answer: Response) -> None:
        """The session has ended; the device stays trusted."""
        _keep(answer, self._refresh, "", 0)
        _mark(answer, self._mark, 0)


def is_wanted(request: Request) -> bool:
    """Whether the request is one of a browser's page that keeps its session in cookies.

    :raises Unreadable: the header says something else.
    """
    wanted = request.headers.get(HEADER)
    if wanted not in (None, COOKIE_MODE):
        raise Unreadable("session.bad_mode", f"{HEADER} is `{COOKIE_MODE}` or not sent.", {"mode": COOKIE_MODE})
    return wanted is not None


def without_secrets(tokens: Mapping[str, Any]) -> dict[str, Any]:
    return {**tokens, "refresh_token": None, "device_token": None}


def _token(request: Request, name: str) -> str | None:
    token = request.cookies.get(name, "")
    return token if _TOKEN.fullmatch(token) else None


def _keep(answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(name, value, max_age=seconds, path=PATH, secure=True, httponly=True, samesite="Strict")


def _mark(answer: Response, name: str, seconds: int) -> None:
    """That there is a session: all that a page's scripts may know, so that a page without one asks for no token."""
    value = "1" if seconds else ""
    answer.set_cookie(name, value, max_age=seconds, path=PANEL_PATH, secure=True, httponly=False, samesite="Strict")
