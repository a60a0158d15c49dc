"""An API of a few things, over services that are not there: what the tests of the pipeline ask."""

from marshmallow import fields, validate

from api_gateway.routing import ANYONE, PUBLIC, Route
from contracts.schema import PageQuery, Schema

ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"


class Wood(Schema):
    soft = fields.Boolean()


class Metal(Schema):
    name = fields.String()
    melts_at = fields.Integer()


class ThingCreate(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1))
    size = fields.Integer()
    open = fields.Boolean()
    tags = fields.List(fields.String())
    made_of = fields.Dict(metadata={"any_of": (Wood, Metal)})


class ThingUpdate(Schema):
    thing_id = fields.UUID(required=True)
    name = fields.String()


class ThingQuery(PageQuery):
    tag = fields.List(fields.String())


ROUTES = [
    Route("GET", "/v1/things", rpc="things.list", permission="contacts.read", summary="List", query=ThingQuery),
    Route(
        "POST",
        "/v1/things",
        rpc="things.create",
        permission="contacts.write",
        summary="Create",
        request=ThingCreate,
        status=201,
        location="/v1/things/{id}",
    ),
    Route(
        "PATCH",
        "/v1/things/<uuid:thing_id>",
        rpc="things.update",
        permission="contacts.write",
        summary="Change",
        request=ThingUpdate,
    ),
    Route("GET", "/v1/things/<uuid:thing_id>", rpc="things.get", permission="contacts.read", summary="Get"),
    Route("DELETE", "/v1/things/<uuid:thing_id>", rpc="things.delete", permission=ANYONE, summary="Go", status=204),
    Route(
        "GET",
        "/v1/things/<uuid:thing_id>/parts",
        rpc="things.parts",
        permission="contacts.read",
        summary="Parts",
        query=PageQuery,
    ),
    Route(
        "POST",
        "/v1/things/search",
        rpc="things.search",
        permission="contacts.read",
        summary="Search",
        request=PageQuery,
    ),
    Route(
        "POST",
        "/v1/things/<uuid:thing_id>/count",
        rpc="things.count",
        permission=ANYONE,
        summary="Count",
        status=202,
        location="/v1/counts/{id}",
        retry_after=3,
    ),
    Route(
        "GET",
        "/v1/campaigns",
        rpc="things.campaigns",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="Campaigns",
    ),
    Route("GET", "/v1/users", rpc="things.users", permission="users.manage", summary="Users", session_only=True),
    Route("GET", "/v1/operator/things", rpc="things.all", permission=ANYONE, summary="All", operator=True),
    Route("POST", "/v1/sign-ups", rpc="things.sign_up", permission=PUBLIC, summary="Sign up", request=ThingCreate),
    Route("GET", "/v1/broken", permission=ANYONE, summary="Broken", handler=lambda _context: 1 / 0),
]


def problem_of(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    told = answer.json
    assert told["status"] == status
    assert told["code"] == code
    assert told["type"] == f"urn:wici:problem:{code}"
    assert told["title"]
    assert told["request_id"] == answer.headers["X-Request-Id"]
    return told
