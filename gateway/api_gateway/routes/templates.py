"""Templates: content kept for reuse."""

from __future__ import annotations

from api_gateway.routing import ANYONE, Route
from contracts.campaigns import templates

_NEW = {
    "name": "Powitanie",
    "channel": "email",
    "content": {
        "subject": "Dzień dobry, {{ first_name | default('') }}!",
        "html": '<p>Miło Cię widzieć.</p><p><a href="{{ unsubscribe_url }}">Wypisz mnie</a></p>',
    },
}
_TEMPLATE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11",
    **_NEW,
    "created_at": "2026-11-24T09:00:00+00:00",
    "updated_at": "2026-11-24T09:00:00+00:00",
}
_CHANNELS = "The right is checked for the template's own channel: `sms.campaigns.…` or `email.campaigns.…`."
_ONE = "/v1/templates/<uuid:template_id>"

ROUTES = [
    Route(
        "GET",
        "/v1/templates",
        rpc="campaigns.list_templates",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="Templates, newest first",
        description=_CHANNELS,
        query=templates.TemplateQuery,
        response=templates.TemplatePage,
        tags=["Templates"],
        response_example={"items": [_TEMPLATE], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/templates",
        rpc="campaigns.create_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Keep a content as a template",
        description=f"`content` has the channel's shape, as in a campaign. {_CHANNELS}",
        request=templates.TemplateCreate,
        response=templates.Template,
        status=201,
        location="/v1/templates/{id}",
        idempotent=True,
        tags=["Templates"],
        example=_NEW,
        response_example=_TEMPLATE,
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_template",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="One template",
        response=templates.Template,
        tags=["Templates"],
        response_example=_TEMPLATE,
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Change a template",
        description="Campaigns that were made from it keep what they have.",
        request=templates.TemplateUpdate,
        response=templates.Template,
        tags=["Templates"],
        example={"name": "Powitanie 2027"},
        response_example={**_TEMPLATE, "name": "Powitanie 2027"},
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Delete a template",
        status=204,
        tags=["Templates"],
    ),
]
