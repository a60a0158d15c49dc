"""Pages behind the links of account mails: a new password, an invitation, a new address.

Links lead here where no panel is set (`WICI_PANEL_URL`); a panel has pages of its own at the same paths.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response

from api_gateway import account_pages, body, problems
from api_gateway.context import RequestContext
from api_gateway.routes.sign_ups import admit, page_route
from api_gateway.validation import Checker
from contracts.errors import Invalid, NotFound, TooManyRequests, Unavailable, WiciError
from contracts.identity.me import NewPassword

MAX_BODY = 4 * 1024
MAX_TOKEN = 200
_CHECKER = Checker(NewPassword, frozenset({"token"}), is_json=True)
# By purpose: the call that says whose password a link sets (None: it sets none), and the one that follows it.
_CALLS: dict[str, tuple[str | None, str]] = {
    "password_reset": ("identity.get_password_reset", "identity.reset_password"),
    "invitation": ("identity.get_invitation", "identity.accept_invitation"),
    "email_change": (None, "identity.confirm_email_change"),
}


def show(context: RequestContext, purpose: str) -> Response:
    """The page of a link. Looking at it uses nothing up."""
    try:
        link = _link(context, purpose)
    except WiciError as error:
        return _refusal(context, error)
    return account_pages.ask(purpose, _language(context, link), link=link)


def follow(context: RequestContext, purpose: str) -> Response:
    """The button of that page."""
    link: dict[str, Any] | None = None
    try:
        link = _link(context, purpose)
        typed = dict(body.parse_query(body.read(context.request, MAX_BODY)))
        if link is not None and typed.get("password") != typed.get("again"):
            return account_pages.ask(purpose, _language(context, link), link=link, mistake="different", status=422)
        sent = {"password": typed.get("password", "")} if link is not None else {}
        if link is not None:
            _CHECKER.check(sent, {})
        context.call(_CALLS[purpose][1], {**sent, "token": context.payload["token"]})
    except Invalid as error:
        codes = [one["code"] for one in error.errors] or ["invalid"]
        return account_pages.ask(purpose, _language(context, link), link=link, mistake=codes[0], status=422)
    except WiciError as error:
        return _refusal(context, error)
    return account_pages.notice(f"{purpose}_done", _language(context, link), 200)


def _link(context: RequestContext, purpose: str) -> dict[str, Any] | None:
    """Whose password the link sets; None for one that sets none. :raises NotFound: it is not valid."""
    admit(context)
    token = context.payload["token"]
    if len(token) > MAX_TOKEN:
        raise NotFound(f"{purpose}.not_found")
    look, _ = _CALLS[purpose]
    return dict(context.call(look, {"token": token})) if look else None


def _refusal(context: RequestContext, error: WiciError) -> Response:
    kinds = ((NotFound, "gone"), (TooManyRequests, "slow"), (Unavailable, "later"))
    name = next((name for kind, name in kinds if isinstance(error, kind)), "unreadable")
    page = account_pages.notice(name, _language(context, None), problems.status_of(error))
    if name in ("slow", "later"):
        page.headers["Retry-After"] = str(error.extra.get("retry_after", 60))
    return page


def _language(context: RequestContext, link: dict[str, Any] | None) -> str:
    """The user's language, else the browser's wish."""
    languages = list(account_pages.TEXTS)
    if link is not None and link["language"] in languages:
        return str(link["language"])
    return context.request.accept_languages.best_match(languages, default="pl") or "pl"


ROUTES = [
    page_route(
        method,
        f"/{purpose.replace('_', '-')}/<token>",
        partial(handler, purpose=purpose),
        f"{verb} {what}",
        description,
    )
    for purpose, what in (
        ("password_reset", "a link that sets a new password"),
        ("invitation", "an invitation"),
        ("email_change", "a link that confirms an e-mail address"),
    )
    for method, handler, verb, description in (
        ("GET", show, "Page of", "For a person, where no panel is set. Looking at it uses nothing up."),
        ("POST", follow, "Follow", "The page's button; the link works once."),
    )
]
