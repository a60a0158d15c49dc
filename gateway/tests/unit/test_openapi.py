"""The description: valid OpenAPI 3.1 of all tables, with an example in every operation."""

import json
import re

import pytest
from marshmallow import fields, validate

from api_gateway import json_schema, naming, openapi
from api_gateway.routes import all_routes
from api_gateway.routing import ANYONE, PUBLIC, Route
from contracts.schema import PageQuery, Schema, page_of


class Part(Schema):
    colour = fields.String(required=True, validate=validate.OneOf(["red", "blue"]))


class Thing(Schema):
    thing_id = fields.UUID(required=True)
    name = fields.String(required=True)
    parts = fields.List(fields.Nested(Part))
    made_at = fields.AwareDateTime()


def other_module_thing():
    return type("Thing", (Schema,), {"size": fields.Integer(required=True), "__module__": "contracts.other"})


ROUTES = [
    Route(
        "POST",
        "/v1/things/<uuid:thing_id>/send",
        rpc="things.send",
        permission="sms.send",
        summary="Send",
        request=Thing,
        response=other_module_thing(),
        status=202,
        idempotent=True,
        location="/v1/jobs/{id}",
        retry_after=2,
        tags=["Things"],
    ),
    Route(
        "GET",
        "/v1/things",
        rpc="things.list",
        permission=ANYONE,
        service_checked="sms.campaigns.read",
        summary="List",
        query=PageQuery,
        response=page_of(Thing),
        tags=["Things"],
    ),
    Route(
        "POST", "/v1/sign-ups", rpc="things.sign_up", permission=PUBLIC, summary="Sign up", tags=["Things"], status=204
    ),
    Route(
        "GET",
        "/v1/users",
        rpc="things.users",
        permission="users.manage",
        session_only=True,
        summary="Users",
        tags=["Things"],
        response=Thing,
    ),
]


@pytest.fixture(scope="module")
def described():
    return json.loads(json.dumps(openapi.describe(ROUTES, "https://api.example", "1.2.3")))


def test_an_operation_with_all_that_a_route_declares(described):
    operation = described["paths"]["/v1/things/{thing_id}/send"]["post"]

    assert operation["operationId"] == "send"
    assert operation["security"] == [{"session": []}, {"api_key": []}]
    assert operation["x-permission"] == "sms.send"
    assert {parameter["name"] for parameter in operation["parameters"]} == {"thing_id", "Idempotency-Key"}
    sent = operation["requestBody"]["content"]["application/json"]
    assert "thing_id" not in sent["schema"]["properties"]  # it stands in the path
    assert sent["schema"]["additionalProperties"] is False
    assert sent["example"]["parts"] == [{"colour": "red"}]
    assert {"Location", "Retry-After", "Idempotency-Replayed"} <= set(operation["responses"]["202"]["headers"])
    assert {"400", "401", "402", "403", "404", "409", "413", "415", "422", "429", "500", "503"} <= set(
        operation["responses"]
    )


def test_two_schemas_of_one_name_stay_apart(described):
    schemas = described["components"]["schemas"]

    assert "size" in schemas["Thing"]["properties"]
    assert any("name" in schema.get("properties", {}) for name, schema in schemas.items() if name.endswith("Thing"))


def test_security_says_who(described):
    assert described["paths"]["/v1/sign-ups"]["post"]["security"] == []
    assert described["paths"]["/v1/users"]["get"]["security"] == [{"session": []}]
    assert "sms.campaigns.read" in described["paths"]["/v1/things"]["get"]["description"]


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def operations(description):
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def whole():
    return json.loads(json.dumps(openapi.describe(all_routes(), "https://api.example", "1.2.3"), default=str))


def test_every_route_of_the_tables_is_described_with_examples():
    description = whole()
    described = dict(operations(description))

    assert set(described) == {f"{route.method.lower()} {route.template}" for route in all_routes()}
    for name, operation in described.items():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            assert "example" in content, (name, media_type)
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                if media_type == "application/json":
                    assert "example" in content, (name, status)


def test_every_reference_leads_somewhere():
    description = whole()
    for reference in set(references(description)):
        node = description
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def enumerations(node):
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            yield node
        for child in node.values():
            yield from enumerations(child)
    elif isinstance(node, list):
        for child in node:
            yield from enumerations(child)


def test_code_generators_can_make_every_enumeration():
    """One that is a choice of schemas besides gets no type, and a value such as a tab no name."""
    for one in enumerations(whole()):
        assert not {"anyOf", "$ref"} & one.keys(), one
        names = one.get("x-enum-varnames", [word for word in one["enum"] if isinstance(word, str)])
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) for name in names), one


def test_every_operation_id_is_its_own():
    names = [operation["operationId"] for _name, operation in operations(whole())]
    assert len(names) == len(set(names))
    assert len({name.lower() for name in names}) == len(names)  # files of generated clients, where case does not count


def test_a_name_of_its_own_belongs_to_an_operation_that_there_is():
    assert naming._NAMES.keys() - {route.endpoint for route in all_routes()} == set()


def test_operation_ids_read_like_methods():
    """`listContacts`: what is done first, and one convention for what is done everywhere."""
    usual = {"post": "create", "patch": "update", "delete": "delete"}
    for name, operation in operations(whole()):
        method, _path = name.split(" ")
        said = operation["operationId"]
        assert re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)+|unsubscribe", said), said
        if method == "get" and "next_cursor" in json.dumps(operation["responses"].get("200", {}).get("content", {})):
            assert said.startswith(("list", "get")), (name, said)
        if method == "patch":
            assert said.startswith(usual[method]), (name, said)


def test_tags_tell_the_story_in_order_and_none_is_without_a_word():
    tags = [tag["name"] for tag in whole()["tags"]]
    used = {tag for _name, operation in operations(whole()) for tag in operation["tags"]}

    assert tags == list(naming.TAGS)
    assert used == set(tags)


def test_served_with_its_pages(make_client):
    client = make_client()

    description = client.get("/v1/openapi.json")
    assert description.json["openapi"] == "3.1.0"
    again = client.get("/v1/openapi.json", headers={"If-None-Match": description.headers["ETag"]})
    assert again.status_code == 304

    page = client.get("/docs")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text and "https://" not in page.text  # nothing from elsewhere
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "favicon-32x32.png"):
        asset = client.get(f"/docs/{name}")
        assert asset.status_code == 200 and asset.data, name
    assert client.get("/docs/..%2f__init__.py").status_code == 404
    assert client.get("/docs/index.html").status_code == 404


def test_what_answers_an_id_leads_to_what_takes_it():
    described = dict(operations(whole()))
    made = described["post /v1/groups"]["responses"]["201"]["links"]

    assert made["getGroup"]["parameters"] == {"group_id": "$response.body#/id"}
    listed = described["get /v1/groups"]["responses"]["200"]["links"]
    assert listed["getGroup"]["parameters"] == {"group_id": "$response.body#/items/0/id"}
    known = {operation["operationId"] for operation in described.values()}
    for operation in described.values():
        for answer in operation["responses"].values():
            assert {link["operationId"] for link in answer.get("links", {}).values()} <= known


@pytest.mark.parametrize(
    ("python", "wanted"),
    [
        (r"\A[a-z]\Z", r"^[a-z](?!\n)$"),
        (r"[a-z]\Z", r"^(?:[a-z](?!\n)$)"),
        (r"^[\U0001f600]", r"^[\u{1f600}]"),
    ],
)
def test_patterns_are_those_of_ecma_262(python, wanted):
    assert json_schema.ecma(python) == wanted


def requested(schema, schemas, seen):
    """Every property of what a request may hold: (name, its schema), through references, lists and choices."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference and reference not in seen:
        yield from requested(schemas[reference], schemas, {*seen, reference})
    for name, of in schema.get("properties", {}).items():
        yield name, of
        yield from requested(of, schemas, seen)
    for inner in [
        *schema.get("anyOf", ()),
        *schema.get("allOf", ()),
        *([schema["items"]] if "items" in schema else []),
    ]:
        yield from requested(inner, schemas, seen)


def test_no_name_breaks_its_line_or_turns_it_round():
    """They are put into mails, lists and audit entries as they are."""
    described = openapi.describe(all_routes(), "https://api.example", "1")
    contents = [
        operation["requestBody"]["content"]
        for path in described["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    names = [
        (name, of.get("pattern"))
        for content in contents
        for body in content.values()
        for name, of in requested(body.get("schema", {}), described["components"]["schemas"], set())
        if name in NAMES and "string" in of.get("type", ())
    ]

    assert {name for name, _pattern in names} == NAMES
    for name, pattern in names:
        assert pattern is not None, name
        for odd in ("a\nb", "a\u202eb", "a\x00b", "a\x9bb", "a\u2066b"):
            assert not re.match(pattern, odd), (name, odd)


NAMES = {"name", "label", "title", "device", "group_name"}


def test_keys_of_a_mapping_are_told_with_their_pattern_and_length():
    schemas = openapi.describe(all_routes(), "https://api.example", "1")["components"]["schemas"]
    statuses = [
        schema["properties"]["statuses"] for schema in schemas.values() if "statuses" in schema.get("properties", {})
    ]

    assert any(
        of.get("propertyNames", {}).get("minLength") == 1
        and of["propertyNames"]["maxLength"] == 40
        and of["propertyNames"]["pattern"]
        for of in statuses
    )
