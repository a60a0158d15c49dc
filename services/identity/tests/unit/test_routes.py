"""The public routes to identity: each fits the call that it makes, and shows an example of itself."""

from __future__ import annotations

import pytest

from contracts.identity import RPC
from contracts.schema import load

routes = pytest.importorskip("api_gateway.routes", reason="the gateway is not installed here")
ROUTES = [route for route in routes.all_routes() if route.rpc and route.rpc.startswith("identity.")]

# Asked by routes with a handler of their own, for what is not JSON alone: files, and cookies.
BY_HANDLER = {
    "list_audit_entries", "list_operator_acts", "get_invoice", "print_invoice", "get_usage",
    "create_session", "refresh_session", "end_session",
}  # fmt: skip
# Asked by other parts of the system, never by the public.
INTERNAL = {"authenticate", "reserve_quota", "lease_quota", "use_quota", "release_quota", "check_limit", "get_standing"}


def fields_of(schema: type | None) -> set[str]:
    return set(schema().fields) if schema else set()


def test_every_public_call_has_a_route() -> None:
    assert {route.rpc.partition(".")[2] for route in ROUTES} == set(RPC) - INTERNAL - BY_HANDLER


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_a_route_asks_what_its_call_takes(route: object) -> None:
    asked = set(route.path_parameters) | fields_of(route.query) | fields_of(route.request)

    # `If-Match` is a header, and the gateway's to put into the call.
    assert asked == fields_of(RPC[route.rpc.partition(".")[2]].payload) - {"if_match"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_a_route_shows_an_example_that_is_valid(route: object) -> None:
    if route.request is not None:
        load(route.request, route.example, strict=True)
    if route.response is not None:
        assert set(route.response_example) <= fields_of(route.response)
    assert (route.response is None) == (route.status == 204)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.endpoint)
def test_users_and_ones_own_access_are_managed_in_a_session_alone(route: object) -> None:
    manages_people = route.permission in ("users.manage", "account.close") or "/me/" in route.path
    if manages_people or (route.path.startswith("/v1/sessions") and route.method in ("GET", "DELETE")):
        assert route.session_only
