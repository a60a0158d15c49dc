"""Mail routes, for operators: where e-mail leaves the platform."""

from api_gateway.routing import operator_route
from contracts.email_gateway import mail_routes as contract
from contracts.schema import PageQuery, Reasoned

_ROUTE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d01",
    "pattern": "*",
    "kind": "smarthost",
    "host": "127.0.0.1",
    "port": 12525,
    "tls": "opportunistic",
    "username": None,
    "connections": 10,
    "created_at": "2026-11-24T08:00:00+00:00",
}


_route = operator_route("email_gateway")

ROUTES = [
    _route(
        "GET", "mail-routes", "list_mail_routes", "List mail routes",
        query=PageQuery, response=contract.MailRoutePage, response_example={"items": [_ROUTE], "next_cursor": None},
    ),
    _route(
        "POST", "mail-routes", "create_mail_route", "Add a mail route",
        description="The longest pattern that fits the recipient's domain wins. Senders follow within seconds.",
        request=contract.MailRouteCreate, response=contract.MailRoute, status=201,
        example={"pattern": "*", "kind": "smarthost", "host": "127.0.0.1", "port": 12525,
                 "reason": "The smarthost of the data centre"},
        response_example=_ROUTE,
    ),
    _route("DELETE", "mail-routes/<uuid:route_id>", "delete_mail_route", "Delete a mail route",
        query=Reasoned, status=204),
]  # fmt: skip
