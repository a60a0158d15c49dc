"""Custom fields of contacts."""

from api_gateway.routing import Route
from contracts.contacts import fields
from contracts.schema import PageQuery

_FIELD = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e92",
    "key": "discount_code",
    "label": "Kod rabatowy",
    "type": "text",
    "created_at": "2026-11-24T08:00:00+00:00",
}
_TAGS = ["Contact fields"]

ROUTES = [
    Route(
        "GET",
        "/v1/contact-fields",
        rpc="contacts.list_fields",
        permission="contacts.read",
        summary="List custom fields",
        query=PageQuery,
        response=fields.FieldPage,
        tags=_TAGS,
        response_example={"items": [_FIELD], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/contact-fields",
        rpc="contacts.create_field",
        permission="contacts.write",
        summary="Add a custom field",
        description="The key is its name in templates and segments; it holds text, a number, yes or no, or a date.",
        request=fields.FieldCreate,
        response=fields.ContactField,
        status=201,
        tags=_TAGS,
        example={"key": "discount_code", "label": "Kod rabatowy", "type": "text"},
        response_example=_FIELD,
    ),
    Route(
        "GET",
        "/v1/contact-fields/<uuid:field_id>",
        rpc="contacts.get_field",
        permission="contacts.read",
        summary="See a custom field",
        response=fields.ContactField,
        tags=_TAGS,
        response_example=_FIELD,
    ),
    Route(
        "PATCH",
        "/v1/contact-fields/<uuid:field_id>",
        rpc="contacts.update_field",
        permission="contacts.write",
        summary="Rename a custom field",
        request=fields.FieldUpdate,
        response=fields.ContactField,
        tags=_TAGS,
        example={"label": "Kod"},
        response_example={**_FIELD, "label": "Kod"},
    ),
    Route(
        "DELETE",
        "/v1/contact-fields/<uuid:field_id>",
        rpc="contacts.delete_field",
        permission="contacts.write",
        summary="Delete a custom field and its values",
        description="409 `contact_field.in_use` while a segment, or a scheduled, sending or paused campaign, names it.",
        status=204,
        tags=_TAGS,
    ),
]
