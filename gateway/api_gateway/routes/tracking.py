"""Links in messages: clicks, opens and unsubscribes. They hold all they need and work with every service down."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit
from uuid import UUID

from flask import Response
from werkzeug.datastructures import Headers

from api_gateway.body import SHORT_CHOICE
from api_gateway.context import RequestContext
from api_gateway.routing import PUBLIC, Handler, Route
from api_gateway.tracking import pages
from api_gateway.tracking.recorder import Visit
from api_gateway.tracking.short_links import Missing
from contracts import tokens
from contracts.push_gateway.contents import BUTTONS_MAX
from contracts.tokens import Token, TokenKind
from contracts.vocabulary import Channel

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The smallest transparent GIF.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
# By which browsers and mail programs say that they look ahead.
_PREFETCH_HEADERS = tuple(
    (name, f"HTTP_{name.upper().replace('-', '_')}") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
)
# RFC 3986's reserved and unreserved characters, and the percent sign: what is escaped already stays so.
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_UNFIT = re.compile(r"[\x00-\x20\x7f]")
SOON_SECONDS = 3
_BUTTONS = frozenset(str(number) for number in range(1, BUTTONS_MAX + 1))
MOST_TICKED = 50
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_STATUS = {Missing.UNKNOWN: 404, Missing.ENDED: 410, Missing.NOT_YET: 503}


def click(context: RequestContext) -> Response:
    """Redirect to the link's target; only a target that was signed into the link, and only over HTTP."""
    return _followed(context, _read(context, TokenKind.CLICK), Channel.EMAIL)


def short_click(context: RequestContext) -> Response:
    """The same, of a short link: its target is what we were told of its position.

    Codes that are none spend a limit of their address: nobody has many of them by mistake.
    """
    found = context.wiring.short_links.of(context.payload["code"])
    if not isinstance(found, Missing):
        return _followed(context, found, Channel.SMS)
    if found is Missing.UNKNOWN:
        context.wiring.guesses.spend(context.neighbourhood, context.wiring.config.guess_rate)
    answer = _page(context, found, _STATUS[found])
    if found is Missing.NOT_YET:
        answer.headers["Retry-After"] = answer.headers["Refresh"] = str(SOON_SECONDS)
    return answer


def named_click(context: RequestContext) -> Response:
    """Redirect to where a named link leads; that it was followed is kept, and not by whom."""
    link, endings = context.wiring.named_links.of(context.payload["suffix"].lower()), context.wiring.endings
    languages = context.request.accept_languages
    if link is Missing.NOT_YET:
        answer = _page(context, link, _STATUS[link])
        answer.headers["Retry-After"] = answer.headers["Refresh"] = str(SOON_SECONDS)
        return answer
    if isinstance(link, Missing):
        return _page(context, link, _STATUS[link])
    if endings.is_account_suspended(link.account_id):
        return _page(context, "suspended", 410)
    location = None if link.target is None or endings.is_denied(link.target) else _location(link.target)
    if location is None or link.is_over(datetime.now(UTC)):
        return pages.branded("ended", context.wiring.brands.of(link.account_id), languages, 410)
    context.wiring.recorder.named_link_followed(link.account_id, link.link_id, _visit(context))
    return _redirect(location)


def _followed(context: RequestContext, token: Token | None, channel: Channel) -> Response:
    endings = context.wiring.endings
    if token is not None and endings.is_suspended(token):
        return _page(context, "suspended", 410)
    location = _location(token.target) if token else None
    if token is None or location is None:
        return _page(context, "gone", 404)
    if endings.has_ended(token) or endings.is_denied(token.target):
        return _page(context, "ended", 410)
    context.wiring.recorder.clicked(token, _visit(context), channel)
    return _redirect(location)


class _Redirect(Response):
    """To an address that is a URI already: Werkzeug would make one of it anew, for each answer."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


def _redirect(location: str) -> Response:
    headers = {"Location": location, "Cache-Control": "no-store", "Content-Length": "0"}
    return _Redirect(status=302, headers=headers, content_type="text/plain")


def opened(context: RequestContext) -> Response:
    """A 1×1 GIF, whatever the token: a mail client shows no broken picture.

    The application of a push adds what else was done with it: `?button=2` (the second was tapped), `?dismissed=1`.
    """
    token = _read(context, TokenKind.OPEN)
    endings = context.wiring.endings
    is_live = token is not None and not (endings.has_ended(token) or endings.is_suspended(token))
    if token is not None and is_live:
        _record_opened(context, token)
    headers = {"Cache-Control": "no-store, max-age=0", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(PIXEL, headers=headers, content_type="image/gif")


def _record_opened(context: RequestContext, token: Token) -> None:
    recorder, visit, said = context.wiring.recorder, _visit(context), context.request.args
    is_push = token.target == Channel.PUSH
    if is_push and said.get("dismissed") == "1":
        recorder.dismissed(token, visit)
    elif is_push and said.get("button") in _BUTTONS:
        recorder.tapped(token, visit, int(said["button"]))
    else:
        recorder.opened(token, visit)


def ask_to_unsubscribe(context: RequestContext) -> Response:
    """The page with the buttons. Mail scanners follow links, so looking at it changes nothing."""
    token = _read(context, TokenKind.UNSUBSCRIBE)
    if token is None:
        return _page(context, "gone", 404)
    page, lists = context.wiring.preferences.of(token)
    return pages.ask(page, context.request.accept_languages, lists)


def unsubscribe(context: RequestContext) -> Response:
    """The button, or a mail client's one-click POST (RFC 8058): done at once; the page says so only once it is kept.

    It never ends: whoever wants no more mail is heard, whatever has become of the account. The page's other buttons say
    so in the address: who leaves every channel, or only the ticked lists, and after a channel why.
    """
    token = _read(context, TokenKind.UNSUBSCRIBE)
    if token is None:
        return _page(context, "gone", 404)
    (brand, lists), languages = context.wiring.preferences.of(token), context.request.accept_languages
    reason = context.request.args.get(pages.REASON, "")
    if brand is not None and pages.has_reason(brand, reason):
        context.wiring.recorder.reason_given(token, brand["id"], reason)
        return pages.thanks(brand, languages)
    leaves = context.request.args.get(pages.LEAVE)
    if leaves == pages.LISTS and token.contact_id is not None:
        ticked = _ticked(context)
        if not ticked:
            return pages.ask(brand, languages, lists, none_was_ticked=True)
        if not context.wiring.recorder.left_lists(token, ticked):
            return _later(context)
        return pages.lists_left(brand, languages)
    leaves_all = leaves == pages.EVERYTHING
    if not context.wiring.recorder.unsubscribed(token, list(Channel) if leaves_all else ()):
        return _later(context)
    return pages.done(brand, languages)


def _ticked(context: RequestContext) -> list[UUID]:
    """The lists of the form, whose body is here before a thread is (`intake`); whose they are, contacts
    looks at."""
    request = context.request
    if not 0 < (request.content_length or 0) <= SHORT_CHOICE:
        return []
    found = dict.fromkeys(request.form.getlist(pages.LIST)[:MOST_TICKED])
    return [UUID(one) for one in found if _UUID.match(one)]


def _later(context: RequestContext) -> Response:
    answer = _page(context, "later", 503)
    answer.headers["Retry-After"] = "60"
    return answer


def _read(context: RequestContext, kind: TokenKind) -> Token | None:
    return tokens.read(context.payload["token"], context.wiring.link_keys, kind)


@lru_cache(maxsize=1024)  # most links are the same for everybody
def _location(target: str) -> str | None:
    try:
        address = urlsplit(target)
        if address.scheme.lower() not in ("http", "https") or not address.hostname:
            return None
    except ValueError:
        return None
    if _UNFIT.search(target):
        return None
    return quote(target, safe=_SAFE)


def _visit(context: RequestContext) -> Visit:
    """Who asks. Whether it is a person, reporting decides: it sees a message's other clicks too."""
    environ = context.request.environ  # Werkzeug's Headers take five times as long
    said = [f"{name}: {environ[key]}" for name, key in _PREFETCH_HEADERS if key in environ]
    method = environ["REQUEST_METHOD"]
    return Visit(
        context.address,
        environ.get("HTTP_USER_AGENT", ""),
        method if method != "GET" else next(iter(said), ""),
    )


def _page(context: RequestContext, name: str, status: int) -> Response:
    return pages.page(name, pages.language_of(context.request.accept_languages), status)


def _route(
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    produces: str,
    status: int,
    description: str,
    looks_up: bool = False,
) -> Route:
    return Route(
        method,
        path,
        handler=handler,
        permission=PUBLIC,
        bare=True,
        quick=True,
        looks_up=looks_up,
        summary=summary,
        description=description,
        status=status,
        produces=(produces,),
        consumes="application/x-www-form-urlencoded",
        tags=["Links"],
    )


ROUTES: list[Route] = [
    _route(
        "GET",
        "/t/<token>",
        click,
        "Follow a link",
        "text/plain",
        302,
        "Records the click and redirects to the target that was signed into the link; `HEAD` and prefetching count as a"
        " machine's. Links of accounts that ended or"
        " that the operator has stopped, to denied domains and of messages that are too old end with a page (410).",
    ),
    _route(
        "GET",
        "/s/<code>",
        short_click,
        "Follow a short link",
        "text/plain",
        302,
        "As `/t`, of a link in an SMS: its code is the recipient's own. 404 where it is none of ours, 410 where the"
        " link has ended; 503 for the seconds until we have been told of it.",
        looks_up=True,
    ),
    _route(
        "GET",
        "/l/<suffix>",
        named_click,
        "Follow a named link",
        "text/plain",
        302,
        "Records that it was followed, and not by whom. 404 where no link has the name; one that has ended shows a page"
        " in the account's brand (410); 503 while it cannot be looked up.",
        looks_up=True,
    ),
    _route(
        "GET",
        "/o/<token>",
        opened,
        "Open pixel",
        "image/gif",
        200,
        "Records the open; always answers a 1×1 GIF."
        " Of a push, its application adds to the address what was done: `?button=2` where the second button was tapped"
        " (an open and a click), `?dismissed=1` where it was swiped away (no open).",
    ),
    _route(
        "GET",
        "/u/<token>",
        ask_to_unsubscribe,
        "Unsubscribe page",
        "text/html",
        200,
        "The campaign's page, or else the account's, in its brand and the language of its own that fits"
        " `Accept-Language`; else Wici's, in Polish or English. With a box for each group that people may leave, those"
        " that the message was sent to first and ticked. Looking at it changes nothing.",
        looks_up=True,
    ),
    _route(
        "POST",
        "/u/<token>",
        unsubscribe,
        "Unsubscribe",
        "text/html",
        200,
        "One-click unsubscribe (RFC 8058), and the page's button. Works again and again. The page's further buttons add"
        " `leave=all` to the address (every channel), or `leave=lists` (the groups that the form names as `list`, and"
        " none of the channels); once a channel is left, `reason=` with a key of the account's page.",
        looks_up=True,
    ),
]
