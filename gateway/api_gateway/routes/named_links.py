"""Named links: made once, followed by anybody, counted."""

from __future__ import annotations

from api_gateway.routing import ANYONE, Route
from contracts.campaigns import links
from contracts.lists import NewestQuery

_READ, _WRITE = "sms.campaigns.read", "sms.campaigns.write"
_TAGS = ["Named links"]
_ONE = "/v1/links/<uuid:link_id>"
_NEW = {"suffix": "wiosna", "target": "https://sklep.example/wiosna", "name": "Plakat na przystankach"}
_LINK = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b31",
    **_NEW,
    "url": "https://wici.example/l/wiosna",
    "clicks": 412,
    "expires_at": None,
    "created_at": "2026-11-24T09:00:00+00:00",
    "updated_at": "2026-11-24T09:00:00+00:00",
}

ROUTES = [
    Route(
        "GET",
        "/v1/links",
        rpc="campaigns.list_links",
        permission=ANYONE,
        service_checked=_READ,
        summary="Named links, newest first",
        query=NewestQuery,
        response=links.LinkPage,
        tags=_TAGS,
        response_example={"items": [_LINK], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/links",
        rpc="campaigns.create_link",
        permission=ANYONE,
        service_checked=_WRITE,
        summary="Make a named link",
        description="`/l/SUFFIX` leads to the target within seconds. Suffixes are everybody's: 409 `link.suffix_taken`."
        " It may not lead to this platform itself (422 `link.to_us`). It takes the right to write campaigns of any"
        " channel.",
        request=links.LinkCreate,
        response=links.Link,
        status=201,
        location="/v1/links/{id}",
        idempotent=True,
        tags=_TAGS,
        example=_NEW,
        response_example={**_LINK, "clicks": 0},
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_link",
        permission=ANYONE,
        service_checked=_READ,
        summary="One named link, and how often it was followed",
        response=links.Link,
        tags=_TAGS,
        response_example=_LINK,
    ),
    Route(
        "GET",
        f"{_ONE}/clicks",
        rpc="campaigns.list_link_clicks",
        permission=ANYONE,
        service_checked=_READ,
        summary="When a named link was followed, newest first",
        description="Not by whom. They are kept for 400 days; the link's count stays.",
        query=links.ClickQuery,
        response=links.ClickPage,
        tags=_TAGS,
        response_example={"items": [{"at": "2026-11-24T09:00:00+00:00", "is_machine": False}], "next_cursor": None},
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_link",
        permission=ANYONE,
        service_checked=_WRITE,
        summary="Change where a named link leads, its name or its end",
        request=links.LinkUpdate,
        response=links.Link,
        tags=_TAGS,
        example={"target": "https://sklep.example/lato"},
        response_example={**_LINK, "target": "https://sklep.example/lato"},
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_link",
        permission=ANYONE,
        service_checked=_WRITE,
        summary="Delete a named link and its clicks",
        description="Its suffix is free for others then.",
        status=204,
        tags=_TAGS,
    ),
]
