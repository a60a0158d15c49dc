"""Segments: saved rules over contacts, evaluated when they are used."""

from api_gateway.routes.contacts import PAGE
from api_gateway.routing import Route
from contracts import contacts as contract
from contracts.schema import PageQuery

_RULES = {
    "all": [
        {"field": "city", "op": "in", "value": ["Gdynia", "Sopot", "Gdańsk"]},
        {
            "any": [
                {"field": "birth_date", "op": "anniversary_in_days", "value": 7},
                {"field": "vip", "op": "eq", "value": True},
            ]
        },
        {"not": {"field": "group", "op": "in", "value": ["0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91"]}},
    ]
}
_SEGMENT = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e95",
    "name": "Trójmiasto",
    "description": "",
    "rules": _RULES,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_DESCRIPTION = (
    "Rules are nested `all`, `any`, `not` and conditions `{field, op, value}`. Text: eq, ne, in, not_in, contains,"
    " not_contains, starts_with, ends_with. Numbers: eq, ne, lt, lte, gt, gte, between, in, not_in. Dates: eq, ne,"
    " before,"
    " after, between, last_days, next_days, older_than_days, anniversary_in_days. Yes or no: eq, ne. All: is_empty,"
    " is_not_empty. `group`: in, not_in."
)
_TAGS = ["Segments"]

ROUTES = [
    Route(
        "GET",
        "/v1/segments",
        rpc="contacts.list_segments",
        permission="contacts.read",
        summary="List segments",
        query=PageQuery,
        response=contract.SegmentPage,
        tags=_TAGS,
        response_example={"items": [_SEGMENT], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/segments",
        rpc="contacts.create_segment",
        permission="contacts.write",
        summary="Save a segment",
        description=_DESCRIPTION,
        request=contract.SegmentCreate,
        response=contract.Segment,
        status=201,
        location="/v1/segments/{id}",
        tags=_TAGS,
        example={"name": "Trójmiasto", "rules": _RULES},
        response_example=_SEGMENT,
    ),
    Route(
        "POST",
        "/v1/segments/count",
        rpc="contacts.count_segment",
        permission="contacts.read",
        summary="Count the contacts that fit rules",
        description=_DESCRIPTION,
        request=contract.SegmentRules,
        response=contract.Count,
        tags=_TAGS,
        deadline=30.0,
        example={"rules": _RULES},
        response_example={"count": 1042},
    ),
    Route(
        "GET",
        "/v1/segments/<uuid:segment_id>",
        rpc="contacts.get_segment",
        permission="contacts.read",
        summary="See a segment",
        response=contract.Segment,
        tags=_TAGS,
        response_example=_SEGMENT,
    ),
    Route(
        "PATCH",
        "/v1/segments/<uuid:segment_id>",
        rpc="contacts.update_segment",
        permission="contacts.write",
        summary="Change a segment",
        request=contract.SegmentUpdate,
        response=contract.Segment,
        tags=_TAGS,
        example={"name": "Pomorze"},
        response_example={**_SEGMENT, "name": "Pomorze"},
    ),
    Route(
        "DELETE",
        "/v1/segments/<uuid:segment_id>",
        rpc="contacts.delete_segment",
        permission="contacts.write",
        summary="Delete a segment; its contacts stay",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/v1/segments/<uuid:segment_id>/contacts",
        rpc="contacts.list_segment_contacts",
        permission="contacts.read",
        summary="List the contacts that fit a segment now",
        query=PageQuery,
        response=contract.ContactPage,
        tags=_TAGS,
        deadline=30.0,
        response_example=PAGE,
    ),
]
