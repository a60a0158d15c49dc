"""Route tables: what they may say, and what they are told when it is wrong."""

import sys

import pytest

from api_gateway.routes import all_routes
from api_gateway.routing import ANYONE, PUBLIC, Route, RouteError


def route(method="GET", path="/v1/things/<uuid:thing_id>", **fields):
    return Route(method, path, **{"rpc": "things.get", "permission": ANYONE, "summary": "Get a thing", **fields})


def test_path_in_the_notations_of_flask_and_openapi():
    made = route()

    assert made.template == "/v1/things/{thing_id}"
    assert made.path_parameters == {"thing_id": "uuid"}
    assert made.endpoint == "get_v1_things_thing_id"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"method": "FETCH"}, "method"),
        ({"path": "v1/things"}, "slash"),
        ({"rpc": None}, "rpc= or handler="),
        ({"rpc": "things"}, "service.method"),
        ({"permission": "things.read"}, "contracts.permissions"),
        ({"service_checked": "things.read"}, "contracts.permissions"),
        ({"summary": " "}, "summary="),
        ({"operator": True}, "/v1/operator/"),
        ({"path": "/v1/operator/things"}, "operator=True"),
        ({"idempotent": True}, "POST"),
        ({"method": "POST", "idempotent": True, "permission": PUBLIC}, "account"),
        ({"query": Route}, "Schema"),
        ({"status": 404}, "success"),
    ],
)
def test_wrong_route_is_refused_with_its_name(fields, complaint):
    with pytest.raises(RouteError) as raised:
        route(**fields)

    assert complaint in str(raised.value)
    assert fields.get("path", "/v1/things/<uuid:thing_id>") in str(raised.value)


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """`tables(name="source", …)` makes a package of route tables and returns its name."""

    def make(**sources):
        package = tmp_path / "made_tables"
        package.mkdir()
        (package / "__init__.py").write_text("")
        for name, source in sources.items():
            (package / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        for name in [name for name in sys.modules if name.startswith("made_tables")]:
            monkeypatch.delitem(sys.modules, name)
        return "made_tables"

    return make


TABLE = (
    "from api_gateway.routing import Route, ANYONE\n"
    "ROUTES = [Route('GET', '/v1/things', rpc='things.list', permission=ANYONE, summary='List')]\n"
)


def test_broken_table_is_named(tables):
    with pytest.raises(RouteError, match=r"made_tables\.broken cannot be loaded: ModuleNotFoundError"):
        all_routes(tables(broken="import nothing_of_that_name"))


def test_module_without_a_table_is_named(tables):
    with pytest.raises(RouteError, match=r"made_tables\.empty must export ROUTES"):
        all_routes(tables(empty="x = 1"))


def test_two_tables_with_one_operation_are_named(tables):
    with pytest.raises(RouteError, match="in both first and second"):
        all_routes(tables(first=TABLE, second=TABLE))


def test_tables_are_collected(tables):
    assert [found.path for found in all_routes(tables(first=TABLE))] == ["/v1/things"]
