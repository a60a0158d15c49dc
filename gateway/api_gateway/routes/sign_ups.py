"""Sign-up forms as strangers meet them: the description, the hosted page, submitting, and the link of the mail."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from api_gateway import body, problems, responses
from api_gateway.context import RequestContext
from api_gateway.routes.forms import PUBLIC_FORM
from api_gateway.routing import PUBLIC, Handler, Route
from api_gateway.sign_ups import html_forms, pages
from api_gateway.validation import Checker
from contracts.contacts import forms, sign_ups
from contracts.errors import Conflict, Invalid, NotFound, TooManyRequests, Unavailable, WiciError
from contracts.schema import visible

# A few dozen answers; who sends more sends something else.
MAX_BODY = 16 * 1024
_CHECKER = Checker(sign_ups.FormAnswers, frozenset({"form_id"}), is_json=True)
_DESCRIBED = [field.data_key or name for name, field in sign_ups.PublicForm().fields.items()]


def describe(context: RequestContext) -> Response:
    """What a web site needs to show the form by itself."""
    described = _described(context)
    return responses.json({name: described[name] for name in _DESCRIBED})


def _described(context: RequestContext) -> dict[str, Any]:
    """The form's description; from here on pages of its origins may read the answer, errors included."""
    form_id = context.payload["form_id"]
    described = context.wiring.forms.of(form_id, lambda: context.call("contacts.describe_form", {"form_id": form_id}))
    g.form_origins = tuple(described["origins"])
    return described


def submit(context: RequestContext) -> Response:
    """A submission as JSON, answered as JSON; or of a plain HTML form, answered with a page or a redirect."""
    if context.request.mimetype != html_forms.MEDIA_TYPE:
        _described(context)
        _spend(context)
        sent = body.read_json(context.request, MAX_BODY)
        if not isinstance(sent, dict):
            raise Invalid("request.invalid", "Some fields are not valid.", None, [_NOT_AN_OBJECT])
        return responses.json(_submitted(context, sent), 202)
    return _submit_html(context)


_NOT_AN_OBJECT: Any = {"field": "", "code": "field.wrong_type", "detail": "The body must be a JSON object."}


def _submit_html(context: RequestContext) -> Response:
    described: dict[str, Any] | None = None
    typed: dict[str, str] = {}
    try:
        described = _described(context)
        _spend(context)
        typed = dict(body.parse_query(body.read(context.request, MAX_BODY)))
        state = _submitted(context, html_forms.answers_of(typed, described))["state"]
    except WiciError as error:
        return _refusal(context, error, described, typed)
    if state == "trial":
        return pages.notice("trial", _language(context, described, typed), 202)
    if described["submitted_url"]:
        return Response(status=303, headers={"Location": described["submitted_url"]}, content_type="text/plain")
    return pages.notice("received", _language(context, described, typed), 202)


def _spend(context: RequestContext) -> None:
    """Few sign-ups come from one address in a minute, and not very many by one form."""
    wiring = context.wiring
    wiring.limiter.spend(f"form-address:{context.neighbourhood}", wiring.config.form_address_rate)
    wiring.limiter.spend(f"form:{context.payload['form_id']}", wiring.config.form_rate)


def _submitted(context: RequestContext, sent: dict[str, Any]) -> Any:
    _CHECKER.check(sent, {})
    asked = {**sent, "form_id": context.payload["form_id"], "user_agent": _user_agent(context)}
    return context.call("contacts.submit_form", asked)


def _refusal(
    context: RequestContext, error: WiciError, described: dict[str, Any] | None, typed: dict[str, str]
) -> Response:
    """What is wrong, to a person: the form once more where that helps, else a page that says it."""
    language, status = _language(context, described, typed), problems.status_of(error)
    if isinstance(error, Invalid) and described is not None:
        return pages.form(described, language, typed=typed, wrong=html_forms.mistakes(error), status=status)
    kinds = ((NotFound, "no_form"), (TooManyRequests, "slow"), (Conflict, "changed"), (Unavailable, "later"))
    name = next((name for kind, name in kinds if isinstance(error, kind)), "unreadable")
    page = pages.notice(name, language, status, form_id=context.payload["form_id"] if name == "changed" else None)
    if status in (429, 503):
        page.headers["Retry-After"] = str(error.extra.get("retry_after", 60))
    return page


def show(context: RequestContext) -> Response:
    """The hosted page of a form."""
    try:
        admit(context)
        described = _described(context)
    except WiciError as error:
        return _refusal(context, error, None, {})
    return pages.form(described, _language(context, described, {}))


def look(context: RequestContext) -> Response:
    """The page behind the link of a confirmation mail. Mail scanners follow links: looking at it changes nothing."""
    return _confirmation(context, "contacts.get_confirmation")


def confirm(context: RequestContext) -> Response:
    """The button of that page."""
    return _confirmation(context, "contacts.confirm_submission")


def _confirmation(context: RequestContext, rpc: str) -> Response:
    token = context.payload["token"]
    try:
        admit(context)
        if len(token) > 200:
            raise NotFound("confirmation.not_found")
        confirmation = context.call(rpc, {"token": token, "user_agent": _user_agent(context)})
    except WiciError as error:
        kinds = ((NotFound, "gone"), (TooManyRequests, "slow"))
        name = next((name for kind, name in kinds if isinstance(error, kind)), "later")
        page = pages.notice(name, _language(context, None, {}), 503 if name == "later" else problems.status_of(error))
        if name != "gone":
            page.headers["Retry-After"] = "60"
        return page
    language = confirmation["language"]
    if confirmation["state"] == forms.SubmissionState.EXPIRED:
        return pages.notice("expired", language, 410, form_id=confirmation["form_id"])
    if confirmation["state"] == forms.SubmissionState.PENDING:
        return pages.ask(confirmation)
    if confirmation["already"]:
        return pages.notice("already", language, 200)
    if confirmation["confirmed_url"]:
        return Response(status=303, headers={"Location": confirmation["confirmed_url"]}, content_type="text/plain")
    return pages.notice("done", language, 200)


def admit(context: RequestContext) -> None:
    """Pages are asked for with whatever query mailers and shops append; so they are bare, and limited here."""
    context.wiring.global_rules.check(context.address)
    context.wiring.limiter.spend(f"address:{context.neighbourhood}", context.wiring.config.address_rate)


def _language(context: RequestContext, described: dict[str, Any] | None, typed: dict[str, str]) -> str:
    """The language that was chosen, else the browser's wish, else the form's own."""
    languages = list(described["consent_texts"]) if described else ["pl", "en"]
    if typed.get(html_forms.LANGUAGE) in languages:
        return typed[html_forms.LANGUAGE]
    default = described["language"] if described else "pl"
    return context.request.accept_languages.best_match(languages, default=default) or default


def _user_agent(context: RequestContext) -> str:
    return visible(context.request.headers.get("User-Agent", ""))[:1_000]


def page_route(method: str, path: str, handler: Handler, summary: str, description: str) -> Route:
    return Route(
        method,
        path,
        handler=handler,
        permission=PUBLIC,
        bare=True,
        summary=summary,
        description=description,
        produces=("text/html",),
        consumes=html_forms.MEDIA_TYPE,
        tags=["Links"],
    )


ROUTES = [
    Route(
        "GET",
        "/v1/forms/<uuid:form_id>/public",
        handler=describe,
        permission=PUBLIC,
        summary="Describe a sign-up form to a web site",
        description="The fields, the text of consent and its version. Web pages of the form's origins may read it.",
        response=sign_ups.PublicForm,
        tags=["Forms"],
        response_example=PUBLIC_FORM,
    ),
    Route(
        "POST",
        "/v1/forms/<uuid:form_id>/submissions",
        handler=submit,
        reads_body=True,
        permission=PUBLIC,
        summary="Sign up by a form",
        description="A mail with a link goes to the address; the sign-up counts once the link's button is pressed,"
        " within 7 days. The answer is the same whether the address is new, known, archived or erased, and says nothing"
        " of mails held back: an address gets three in a day. Send `consent_version` with the text that you showed:"
        " another version is refused (409 `form.consent_changed`). Leave `website` empty, and hide it from people.\n\n"
        "A plain HTML form may post here too, as `application/x-www-form-urlencoded`: the fields by their keys, and"
        " `_consent` (`true`), `_consent_version`, `_language`, `_website`. It is answered with a page, or a redirect"
        " to the form's `submitted_url`. Names that the form does not ask are ignored then. At most 16 KB.",
        request=sign_ups.FormAnswers,
        response=sign_ups.Submitted,
        status=202,
        tags=["Forms"],
        example={
            "fields": {"email": "anna.nowak@poczta.example", "first_name": "Anna"},
            "consent": True,
            "consent_version": 1,
            "language": "pl",
        },
        response_example={
            "state": "pending",
            "detail": "A mail with a link is on its way. The sign-up counts once it is confirmed.",
        },
    ),
    page_route(
        "GET",
        "/f/<uuid:form_id>",
        show,
        "Hosted page of a sign-up form",
        "In the form's languages by `Accept-Language`; nothing is loaded from elsewhere.",
    ),
    page_route(
        "GET",
        "/c/<token>",
        look,
        "Confirmation page of a sign-up",
        "The text of consent and a button. Looking at it changes nothing.",
    ),
    page_route(
        "POST",
        "/c/<token>",
        confirm,
        "Confirm a sign-up",
        "The page's button. Works once, and says so kindly the second time; 303 to the form's `confirmed_url`.",
    ),
]
