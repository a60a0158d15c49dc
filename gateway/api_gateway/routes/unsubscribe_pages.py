"""Unsubscribe pages: made once, and attached to every send."""

from __future__ import annotations

from api_gateway.routing import Route
from contracts.campaigns import unsubscribe_pages

_READ, _WRITE = "email.campaigns.read", "email.campaigns.write"
_BRAND = {
    "name": "Sklep Łąka",
    "logo": None,
    "background": "#ffffff",
    "text": "#1d2129",
    "button": "#14532d",
    "button_text": "#ffffff",
}
_TEXTS = {
    "pl": {
        "title": "Żegnaj?",
        "text": "Możesz zrezygnować z naszych e-maili albo ze wszystkich wiadomości.",
        "leave": "Rezygnuję z e-maili",
        "leave_all": "Rezygnuję ze wszystkiego",
        "done_title": "Gotowe",
        "done": "Nie napiszemy więcej.",
        "why": "Powiesz nam, dlaczego?",
        "thanks": "Dziękujemy!",
        "reasons": {"too_many": "Za dużo wiadomości", "not_mine": "Nie zapisywałem się"},
    }
}
_NEW = {"name": "Strona sklepu", "brand": _BRAND, "texts": _TEXTS}
_PAGE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11",
    **_NEW,
    "is_default": True,
    "reasons": {"too_many": 3},
    "created_at": "2026-11-24T09:00:00+00:00",
    "updated_at": "2026-11-24T09:00:00+00:00",
}
_ONE = "/v1/unsubscribe-pages/<uuid:page_id>"

ROUTES = [
    Route(
        "GET",
        "/v1/unsubscribe-pages",
        rpc="campaigns.list_unsubscribe_pages",
        permission=_READ,
        summary="Unsubscribe pages, newest first",
        query=unsubscribe_pages.UnsubscribePageQuery,
        response=unsubscribe_pages.UnsubscribePagePage,
        tags=["Unsubscribe pages"],
        response_example={"items": [_PAGE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/unsubscribe-pages",
        rpc="campaigns.create_unsubscribe_page",
        permission=_WRITE,
        summary="Make an unsubscribe page",
        description="The account's default page is shown for every send, those before it too; the first one made is it."
        " Changes are seen within seconds. 422 `colour.contrast_too_low` where people could not read it.",
        request=unsubscribe_pages.UnsubscribePageCreate,
        response=unsubscribe_pages.UnsubscribePage,
        status=201,
        location="/v1/unsubscribe-pages/{id}",
        idempotent=True,
        tags=["Unsubscribe pages"],
        example=_NEW,
        response_example=_PAGE,
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_unsubscribe_page",
        permission=_READ,
        summary="One unsubscribe page, and the reasons that were given on it",
        response=unsubscribe_pages.UnsubscribePage,
        tags=["Unsubscribe pages"],
        response_example=_PAGE,
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_unsubscribe_page",
        permission=_WRITE,
        summary="Change an unsubscribe page, or make it the default",
        request=unsubscribe_pages.UnsubscribePageUpdate,
        response=unsubscribe_pages.UnsubscribePage,
        tags=["Unsubscribe pages"],
        example={"is_default": True},
        response_example=_PAGE,
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_unsubscribe_page",
        permission=_WRITE,
        summary="Delete an unsubscribe page",
        description="And the reasons given on it. Without a default the account has Wici's own page.",
        status=204,
        tags=["Unsubscribe pages"],
    ),
]
