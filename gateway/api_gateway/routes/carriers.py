"""Carriers and routes, for operators: where SMS messages leave the platform."""

from api_gateway.routing import operator_route
from contracts.schema import PageQuery, Reasoned
from contracts.sms_gateway import carriers as contract
from contracts.sms_gateway import countries, sms_ranges

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
    "national_languages": ["tr"],
    "parameters": {"0x1400": "31313031303031", "0x1401": None},
    "passed_on": ["0x1403"],
    "errors": {"0x0b": "fail_over"},
    "receipt_ids": "same",
    "response_timeout": 60,
    "receipts_within": 1800,
    "without_receipt": "expired",
    "enabled": True,
    "created_at": "2026-11-24T08:00:00+00:00",
}
_PROCESS = {
    "instance_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b22",
    "circuit": "closed",
    "traffic_share": 1.0,
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
_RANGE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b26",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b24",
    "range": "+4860010",
    "state": "held",
    "numbers": 112,
    "waiting": 37,
    "held_at": "2026-11-24T08:00:00+00:00",
    "decided_at": None,
}
_RANGE_LIMIT = {"account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b24", "most": 500}
_ROUTE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b21",
    "carrier_id": _CARRIER["id"],
    "prefix": "+48",
    "network": "pl.play",
    "account_id": None,
    "lane": None,
    "priority": 100,
    "share": 1,
    "by_cost": False,
    "enabled": True,
}


_route = operator_route("sms_gateway")

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
        "GET", "sms-ranges", "list_sms_ranges", "List ranges of numbers that are held, or were decided on",
        description="One account sent suspiciously many single messages to one range: they wait, the account's owner is"
        " told by mail, and an operator decides. Newest first, of all accounts.",
        query=sms_ranges.SmsRangeQuery, response=sms_ranges.SmsRangePage,
        response_example={"items": [_RANGE], "next_cursor": None},
    ),
    _route(
        "POST", "sms-ranges/<uuid:range_id>/release", "release_sms_range", "Let what a held range waits with leave",
        description="What is of no use any more expires. The account may write to the range as it likes for a day.",
        request=Reasoned, response=sms_ranges.SmsRange, example={"reason": "Their own numbers"},
        response_example=_RANGE | {"state": "released", "waiting": 0, "decided_at": "2026-11-24T08:05:00+00:00"},
    ),
    _route(
        "POST", "sms-ranges/<uuid:range_id>/drop", "drop_sms_range", "Reject what a held range waits with",
        description="Its messages end as `rejected` with the code `range_dropped`. For a day the account's single"
        " messages to the range are refused (`range.dropped`).",
        request=Reasoned, response=sms_ranges.SmsRange, example={"reason": "A form of theirs is abused"},
        response_example=_RANGE | {"state": "dropped", "waiting": 0, "decided_at": "2026-11-24T08:05:00+00:00"},
    ),
    _route(
        "GET", "accounts/<uuid:account_id>/sms-range-limit", "get_sms_range_limit",
        "See how many numbers of a range an account may write to",
        response=sms_ranges.SmsRangeLimit, response_example=_RANGE_LIMIT,
    ),
    _route(
        "PUT", "accounts/<uuid:account_id>/sms-range-limit", "set_sms_range_limit",
        "Say how many numbers of a range an account may write to",
        description="Within ten minutes, by single messages that are no bulk; null is the platform's own, 100.",
        request=sms_ranges.SmsRangeLimitChange, response=sms_ranges.SmsRangeLimit,
        example={"most": 500, "reason": "A school in one range"}, response_example=_RANGE_LIMIT,
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
