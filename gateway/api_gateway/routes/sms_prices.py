"""What SMS cost, for operators: prices by plan, costs by carrier, and what carriers took."""

from api_gateway.routing import operator_route
from contracts.schema import Reasoned
from contracts.sms_gateway import prices as contract

_PRICE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b30",
    "plan": "free",
    "carrier_id": None,
    "network": "pl.play",
    "amount": 7,
    "per_parts": 1,
    "currency": "PLN",
    "from": "2026-12-01T00:00:00+00:00",
    "created_at": "2026-11-24T08:00:00+00:00",
}
_CARRIER_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b20"
_TRAFFIC = {
    "carrier_id": _CARRIER_ID,
    "carrier": "simulator",
    "network": "pl.play",
    "messages": 12_000,
    "parts": 14_400,
    "unpriced_parts": 0,
    "uncosted_parts": 0,
    "charged": {"amount": 100_800, "currency": "PLN"},
    "paid": {"amount": 46_800, "currency": "PLN"},
}
_WHICH = (
    "The narrowest that holds counts: of the network, of the country, of everywhere; and any of the account's own plan"
    " before those of every plan. What has left keeps its price."
)

_route = operator_route("sms_gateway")

ROUTES = [
    _route(
        "GET", "sms-prices", "list_sms_prices", "List what SMS cost: accounts by plan, the platform by carrier",
        description=_WHICH, query=contract.SmsPriceQuery, response=contract.SmsPricePage,
        response_example={"items": [_PRICE], "next_cursor": None},
    ),
    _route(
        "POST", "sms-prices", "create_sms_price", "Set what a part costs from a moment on",
        description=f"{_WHICH} An account whose plan has no price, and none is set for every plan, has no cost in its"
        " reports.",
        request=contract.SmsPriceCreate, response=contract.SmsPrice, status=201, idempotent=True,
        example={"plan": "free", "network": "pl.play", "amount": 7, "from": "2026-12-01T00:00:00+00:00",
                 "reason": "Price list of December"},
        response_example=_PRICE,
    ),
    _route(
        "DELETE", "sms-prices/<uuid:price_id>", "delete_sms_price", "Delete a price that does not hold yet",
        query=Reasoned, status=204,
    ),
    _route(
        "GET", "sms-traffic", "report_sms_traffic", "See what carriers took, and what was charged and paid for it",
        description="By carrier and network, over days of UTC. Counted are messages that a carrier took by its answer;"
        " of one that never answered nothing is known. Kept for 800 days.",
        query=contract.SmsTrafficQuery, response=contract.SmsTrafficReport, response_example={"items": [_TRAFFIC]},
    ),
]  # fmt: skip
