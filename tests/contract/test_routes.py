"""Routes: each declares a permission, stands in OpenAPI with an example, and calls an RPC with that very schema."""

import importlib
import re

import pytest

from api_gateway.routes import all_routes
from api_gateway.routing import ANYONE, PUBLIC
from contracts.permissions import PERMISSIONS, SESSION_ONLY

ROUTES = all_routes()
# Public because nobody can be logged in yet, or because a person without an account follows a link.
PUBLIC_PATHS = re.compile(
    r"^(/t/|/o/|/u/|/c/|/f/|/password-reset/|/invitation/|/email-change/|/s/|/l/|/d/|/healthz|/readyz|/metrics|/docs|/web-push/|/v1/openapi\.json|/v1/accounts$"
    r"|/v1/sessions(/refresh)?$|/v1/password-resets|/v1/invitations/|/v1/login-availability$|/v1/email-changes/|/v1/forms/|/v1/devices(/removal)?$|/hooks/(carriers|rcs)/|/hooks/(whatsapp|viber)/|/v1/operator/sessions$|/v1/(plans|terms)$|/$)"
)
# A key that reaches these could lock every person out of the account.
SAY_WHO_MAY_LOG_IN = {"identity.set_ip_rules", "identity.set_security"}


def by_name(route):
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", ROUTES, ids=by_name)
def test_route_declares_who_may_call_it(route):
    if route.permission == PUBLIC:
        assert PUBLIC_PATHS.match(route.path), "a public route that is not on the list of those that have to be"
    else:
        assert route.permission in PERMISSIONS or route.permission == ANYONE
    if route.permission in SESSION_ONLY or route.rpc in SAY_WHO_MAY_LOG_IN:
        assert route.session_only


@pytest.mark.parametrize("route", [route for route in ROUTES if route.rpc], ids=by_name)
def test_route_calls_an_rpc_of_the_contracts(route):
    service, method = route.rpc.split(".")
    contract = importlib.import_module(f"contracts.{service}").RPC

    assert method in contract


def test_no_two_routes_are_the_same():
    names = [(route.method, route.template) for route in ROUTES]

    assert len(names) == len(set(names))
