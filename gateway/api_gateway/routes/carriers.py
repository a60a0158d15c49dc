"""Carriers and routes, for operators: where SMS messages leave the platform."""

from typing import Any

from api_gateway.routing import ANYONE, Route
from contracts.schema import PageQuery, Reasoned
from contracts.sms_gateway import carriers as contract
from contracts.sms_gateway import countries

_CARRIER = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b20",
    "name": "simulator",
    "kind": "smpp",
    "http": None,
    "host": "127.0.0.1",
    "port": 12775,
    "system_id": "wici",
    "system_type": "",
    "bind_mode": "transceiver",
    "binds": 2,
    "window": 200,
    "rate": 0,
    "tls": True,
    "tls_ca": None,
    "tls_pin": "5f:2c:0d:9b:6e:41:a8:77:13:cd:e0:52:b6:98:3f:0a:c4:71:2e:d5:88:1b:f6:60:39:aa:4d:e7:05:92:bc:18",
    "tls_server_name": None,
    "tls_certificate": None,
    "long_form": "udh",
    "receipt_ids": "same",
    "response_timeout": 60,
    "without_receipt": "expired",
    "enabled": True,
    "created_at": "2026-11-24T08:00:00+00:00",
}
_PROCESS = {
    "instance_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b22",
    "circuit": "closed",
    "binds": [{"kind": "transceiver", "is_bound": True, "unanswered": 14, "last_error": None}],
    "window": 200,
    "sent_per_second": 96,
    "rate_limit": 100.0,
    "waiting": 180,
    "oldest_seconds": 1.9,
    "answers": 5730,
    "shares": {"throttled": 0.0, "ill": 0.0, "refused": 0.0021, "lost": 0.0},
    "receipt_ids": "same",
    "receipts": 5688,
    "receipts_not_understood": 0,
    "receipt_seconds": 4.2,
}
_UNREAD = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b23",
    "received_at": "2026-11-24T08:00:00+00:00",
    "reason": "a receipt without an id or a state",
    "pdu": "0000002b0000000500000000000000010001013438363030313030323030000500576963690004000000000000000000",
}
_TEST = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d00000001",
    "to": "+48600100200",
    "state": "accepted",
    "code": None,
    "parts": 1,
    "created_at": "2026-11-24T08:00:00+00:00",
    "submitted_at": None,
    "final_at": None,
}
_COUNTRIES = {"account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b24", "countries": ["CZ", "PL"]}
_ROUTE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21",
    "carrier_id": _CARRIER["id"],
    "prefix": "+48",
    "network": "pl.play",
    "account_id": None,
    "lane": None,
    "priority": 100,
    "share": 1,
    "enabled": True,
}


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        f"/v1/operator/{path}",
        rpc=f"sms_gateway.{rpc}",
        permission=ANYONE,
        operator=True,
        summary=summary,
        tags=["Operators"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "carriers", "list_carriers", "List carriers",
        query=PageQuery, response=contract.CarrierPage,
        response_example={"items": [_CARRIER], "next_cursor": None},
    ),
    _route(
        "POST", "carriers", "create_carrier", "Add a carrier",
        request=contract.CarrierCreate, response=contract.Carrier, status=201, response_example=_CARRIER,
        example={"name": "simulator", "host": "127.0.0.1", "port": 12775, "system_id": "wici", "password": "secret",
                 "reason": "Contract 12/2026"},
    ),
    _route(
        "PATCH", "carriers/<uuid:carrier_id>", "update_carrier", "Change a carrier; it is bound again within seconds",
        request=contract.CarrierChange, response=contract.Carrier,
        example={"rate": 500, "reason": "The carrier allows more"}, response_example=_CARRIER,
    ),
    _route(
        "GET", "carriers/<uuid:carrier_id>/state", "get_carrier_state",
        "How a carrier is: binds, rate, throttling, errors, receipts", response=contract.CarrierState,
        response_example={"carrier_id": _CARRIER["id"], "processes": [_PROCESS]},
    ),
    _route(
        "POST", "carriers/<uuid:carrier_id>/tests", "test_carrier", "Send a message by one carrier, as a test",
        request=contract.CarrierTest, response=contract.CarrierTestResult, status=202, idempotent=True,
        example={"to": "+48600100200", "sender": "Wici", "text": "Test", "reason": "The contract begins today"},
        response_example=_TEST,
    ),
    _route(
        "GET", "carriers/<uuid:carrier_id>/tests/<uuid:message_id>", "get_carrier_test", "What became of a test",
        response=contract.CarrierTestResult, response_example={**_TEST, "state": "delivered"},
    ),
    _route(
        "GET", "carriers/<uuid:carrier_id>/unread-deliveries", "list_unread_deliveries",
        "List what a carrier sent and nobody understands",
        query=PageQuery, response=contract.UnreadDeliveryPage,
        response_example={"items": [_UNREAD], "next_cursor": None},
    ),
    _route("DELETE", "carriers/<uuid:carrier_id>", "delete_carrier", "Delete a carrier that no route uses",
        query=Reasoned, status=204),
    _route(
        "GET", "accounts/<uuid:account_id>/sms-countries", "get_sms_countries", "See where an account may send SMS to",
        response=countries.SmsCountries, response_example=_COUNTRIES,
    ),
    _route(
        "PUT", "accounts/<uuid:account_id>/sms-countries", "set_sms_countries", "Say where an account may send SMS to",
        description="A single message elsewhere is refused (`country.not_allowed`); a recipient of a campaign is"
        " rejected by that code, and not charged.",
        request=countries.SmsCountriesChange, response=countries.SmsCountries,
        example={"countries": ["PL", "CZ"], "reason": "Sells here alone"}, response_example=_COUNTRIES,
    ),
    _route(
        "GET", "routes", "list_routes", "List routes",
        query=PageQuery, response=contract.RoutePage, response_example={"items": [_ROUTE], "next_cursor": None},
    ),
    _route(
        "POST", "routes", "create_route", "Add a route",
        request=contract.RouteCreate, response=contract.CarrierRoute, status=201,
        example={"carrier_id": _CARRIER["id"], "prefix": "+48", "reason": "The new carrier for Poland"},
        response_example=_ROUTE,
    ),
    _route(
        "PATCH", "routes/<uuid:route_id>", "update_route", "Change a route",
        request=contract.RouteChange, response=contract.CarrierRoute,
        example={"enabled": False, "reason": "The carrier is down"}, response_example=_ROUTE,
    ),
    _route("DELETE", "routes/<uuid:route_id>", "delete_route", "Delete a route", query=Reasoned, status=204),
]  # fmt: skip
