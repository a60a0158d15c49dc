"""Segments: saved rules over contacts, evaluated when they are used."""

from flask import Response

from api_gateway.context import RequestContext
from api_gateway.languages import texts
from api_gateway.routes.contacts import PAGE
from api_gateway.routing import Route
from contracts.contacts import people, segments, shapes
from contracts.lists import NamedQuery

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
        {"field": "engagement", "op": "opened", "value": {"last_days": 30, "at_least": 2}},
    ]
}
_TERMS = {
    "fields": [
        {
            "name": "engagement",
            "label": "Engagement",
            "type": "engagement",
            "is_custom": False,
            "operators": [
                {"op": "opened", "label": "opened", "value": "engagement"},
                {"op": "not_opened", "label": "did not open", "value": "engagement"},
            ],
        },
        {
            "name": "vip",
            "label": "VIP",
            "type": "boolean",
            "is_custom": True,
            "operators": [
                {"op": "eq", "label": "is", "value": "boolean"},
                {"op": "is_empty", "label": "is empty", "value": "none"},
            ],
        },
    ],
    "limits": {"depth": 12, "conditions": 200, "values": 1000, "ids": 100, "days": 36500, "times": 1000},
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
    "Rules are nested `all`, `any`, `not` and conditions `{field, op, value}`; `GET /v1/segments/schema` lists fields,"
    " operators and the values that they take. A condition on an empty field does not hold; `ne`, `not_in` and every"
    " `not_…` are the exact opposites of theirs, and do. Days are days in the account's time zone, of engagement in"
    " UTC, and somebody born on 29 February has the birthday on the 28th in other years. `engagement` takes"
    " `campaigns` (ids; without: all), `channels`, `last_days` and `at_least` (times): `not_opened` holds for those"
    " never written to, too, so put `delivered` beside it. Of engagement that was told before the service knew of"
    " channels, none is known: with `channels` it does not count, so that `not_opened` then holds for those who opened"
    " before, too."
    " `bounced` is any final state but delivered. Engagement follows the events within seconds and is kept for 13"
    " months."
)
_TAGS = ["Segments"]


def describe_rules(context: RequestContext) -> Response:
    """What rules may say, with labels for people; those of the account's own fields are its own."""
    told, terms = texts(), context.call("contacts.describe_rules")
    for field in terms["fields"]:
        if not field["is_custom"]:
            field["label"] = told.name("fields", field["name"], field["label"])
        for operator in field["operators"]:
            operator["label"] = told.name("operators", operator["op"], operator["op"])
    answer = context.answer(terms)
    told.label(answer)
    return answer


ROUTES = [
    Route(
        "GET",
        "/v1/segments",
        rpc="contacts.list_segments",
        permission="contacts.read",
        summary="List segments",
        query=NamedQuery,
        response=segments.SegmentPage,
        tags=_TAGS,
        response_example={"items": [_SEGMENT], "next_cursor": None, "total": 1, "total_is_estimate": False},
    ),
    Route(
        "POST",
        "/v1/segments",
        rpc="contacts.create_segment",
        permission="contacts.write",
        summary="Save a segment",
        description=_DESCRIPTION,
        request=segments.SegmentCreate,
        response=segments.Segment,
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
        request=segments.SegmentRules,
        response=shapes.Count,
        tags=_TAGS,
        deadline=30.0,
        example={"rules": _RULES},
        response_example={"count": 1042},
    ),
    Route(
        "GET",
        "/v1/segments/schema",
        handler=describe_rules,
        permission="contacts.read",
        summary="List the fields and operators of rules",
        description="What a rule editor offers: the built-in fields and the account's own, each with its operators."
        " Labels are in Polish where `Accept-Language` says so.",
        response=segments.RuleTerms,
        tags=_TAGS,
        response_example=_TERMS,
    ),
    Route(
        "GET",
        "/v1/segments/<uuid:segment_id>",
        rpc="contacts.get_segment",
        permission="contacts.read",
        summary="See a segment",
        response=segments.Segment,
        tags=_TAGS,
        response_example=_SEGMENT,
    ),
    Route(
        "PATCH",
        "/v1/segments/<uuid:segment_id>",
        rpc="contacts.update_segment",
        permission="contacts.write",
        summary="Change a segment",
        request=segments.SegmentUpdate,
        response=segments.Segment,
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
        description="409 `segment.in_use` while a campaign that is scheduled, sending or paused needs it.",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/v1/segments/<uuid:segment_id>/contacts",
        rpc="contacts.list_segment_contacts",
        permission="contacts.read",
        summary="List the contacts that fit a segment now",
        query=segments.SegmentContactQuery,
        response=people.ContactPage,
        tags=_TAGS,
        deadline=30.0,
        response_example=PAGE,
    ),
]
