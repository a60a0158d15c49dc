"""Contents that are kept nowhere yet: shown as recipients would get them, and checked."""

from __future__ import annotations

from typing import Any

from flask import Response

from api_gateway.context import RequestContext
from api_gateway.languages import texts
from api_gateway.routing import ANYONE, Route
from contracts.campaigns import content

_CONTENT = {
    "subject": "Dzień dobry, {{ first_name | vocative }}!",
    "html": '<p>{{ cty }}</p><p><a href="{{ unsubscribe_url }}">Wypisz mnie</a></p>',
}
_CHANNELS = "The right is checked for the content's channel: `sms.campaigns.read` or `email.campaigns.read`."

# What the English detail alone says: the line.
_SAYS_WHERE = "template.mjml_invalid"


def preview_content(context: RequestContext) -> Response:
    """A content as several recipients would get it; what is wrong with it in the language of the request."""
    return _told(context, context.call("campaigns.preview_content"))


def check_content(context: RequestContext) -> Response:
    """What is to be said of a content, in the language of the request."""
    return _told(context, context.call("campaigns.check_content"))


def _told(context: RequestContext, found: dict[str, Any]) -> Response:
    told = texts()
    for one in (*found["problems"], *found.get("advice", ())):
        said = told.detail(one["code"], one["detail"], {})
        where = f" ({one['detail']})" if one["code"] == _SAYS_WHERE and said != one["detail"] else ""
        one["detail"] = said + where
    answer = context.answer(found)
    told.label(answer)
    return answer


ROUTES = [
    Route(
        "POST",
        "/v1/contents/preview",
        handler=preview_content,
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="Show a content as several recipients would get it",
        description=f"Nothing is kept. With `contact_ids` it takes `contacts.read`, too. {_CHANNELS}",
        request=content.ContentPreviewRequest,
        response=content.ContentPreview,
        ceiling="previews",
        deadline=20.0,
        tags=["Templates"],
        example={
            "channel": "email",
            "content": _CONTENT,
            "samples": [{"address": "anna@example.com", "fields": {"first_name": "Anna", "cty": "Gdynia"}}],
        },
        response_example={
            "channel": "email",
            "variables": ["cty", "first_name"],
            "problems": [],
            "previews": [
                {
                    "contact_id": None,
                    "rendered": {
                        "subject": "Dzień dobry, Anno!",
                        "html": '<p>Gdynia</p><p><a href="#unsubscribe">Wypisz mnie</a></p>',
                        "text": "Gdynia\n\nWypisz mnie (#unsubscribe)\n",
                    },
                    "problem": None,
                }
            ],
        },
    ),
    Route(
        "POST",
        "/v1/contents/check",
        handler=check_content,
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="Check a content that need not be whole",
        description=(
            "`problems` and what is `unknown` refuse it when it is scheduled; `advice` forbids nothing. `content` is "
            "what would be sent: an e-mail's html made of MJML, styles in their elements. With `check_links` the links "
            "that are the same for everybody are asked for. Where the platform has a spam filter, `figures.spam` is "
            f"what it says, or `email.no_spam_verdict` is among the advice. {_CHANNELS}"
        ),
        request=content.ContentCheckRequest,
        response=content.ContentCheck,
        ceiling="previews",
        deadline=20.0,
        tags=["Templates"],
        example={"channel": "email", "content": _CONTENT, "check_links": True},
        response_example={
            "channel": "email",
            "content": {**_CONTENT, "text": "{{ cty }}\n\nWypisz mnie ({{ unsubscribe_url }})\n"},
            "variables": ["cty", "first_name"],
            "known_variables": ["birth_date", "city", "email", "first_name", "last_name", "phone", "unsubscribe_url"],
            "unknown": [{"name": "cty", "nearest": "city"}],
            "problems": [],
            "advice": [
                {
                    "field": "preheader",
                    "code": "email.preheader_missing",
                    "detail": "Without a preheader, inboxes show the first words of the mail.",
                }
            ],
            "figures": {
                "weight": 77,
                "subject_characters": 41,
                "links": [
                    {"target": "{{ unsubscribe_url }}", "form": "unsubscribe", "words": "Wypisz mnie", "times": 1},
                ],
                "images": 0,
                "images_without_alt": [],
                "spam": {
                    "filter": "rspamd",
                    "score": -0.1,
                    "threshold": 15.0,
                    "is_spam": False,
                    "rules": [{"name": "MIME_GOOD", "points": -0.1, "words": "Known content-type"}],
                },
            },
            "links": [],
        },
    ),
]
