"""Pools of addresses that mail leaves from, for operators."""

from api_gateway.routing import operator_route
from contracts.email_gateway import ip_pools as contract
from contracts.schema import PageQuery, Reasoned

_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d31"
_POOL = {
    "id": _ID,
    "name": "Sklep Łąka",
    "kind": "dedicated",
    "is_paused": False,
    "addresses": [
        {
            "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d32",
            "address": "192.0.2.25",
            "ehlo_name": "mx25.wici.example",
            "is_named": True,
            "found": None,
            "checked_at": "2026-11-24T08:00:00+00:00",
            "limit_today": 500,
            "taken_today": 250,
            "created_at": "2026-11-22T08:00:00+00:00",
        }
    ],
    "pauses": [
        {
            "destination": "outlook",
            "code": "5.7.606",
            "refusals": 20,
            "since": "2026-11-24T08:00:00+00:00",
            "until": "2026-11-24T09:00:00+00:00",
        }
    ],
    "accounts": 1,
    "created_at": "2026-11-22T08:00:00+00:00",
}
_DAY = {
    "day": "2026-11-24",
    "destination": "google",
    "delivered": 240,
    "deferred": 8,
    "refused": 2,
    "blocked": 0,
    "complaints": 0,
}


_route = operator_route("email_gateway")

ROUTES = [
    _route(
        "GET", "ip-pools", "list_ip_pools", "List pools of addresses that mail leaves from",
        query=PageQuery, response=contract.IpPoolPage, response_example={"items": [_POOL], "next_cursor": None},
    ),
    _route(
        "POST", "ip-pools", "create_ip_pool", "Add a pool of addresses",
        description=(
            "Once a shared pool has an address that can be used, mail of accounts without a pool of their own leaves "
            "from shared pools. Senders follow within seconds."
        ),
        request=contract.IpPoolCreate, response=contract.IpPool, status=201,
        example={"name": "Sklep Łąka", "kind": "dedicated", "reason": "Contract 12/2026"},
        response_example={**_POOL, "addresses": [], "pauses": [], "accounts": 0},
    ),
    _route(
        "GET", "ip-pools/<uuid:pool_id>", "get_ip_pool", "Get a pool of addresses",
        response=contract.IpPool, response_example=_POOL,
    ),
    _route(
        "PATCH", "ip-pools/<uuid:pool_id>", "update_ip_pool", "Rename a pool of addresses, pause it or let it go on",
        request=contract.IpPoolChange, response=contract.IpPool,
        example={"is_paused": True, "reason": "The address is on a block list"},
        response_example={**_POOL, "is_paused": True},
    ),
    _route(
        "DELETE", "ip-pools/<uuid:pool_id>", "delete_ip_pool", "Delete a pool that no account sends from",
        query=Reasoned, status=204,
    ),
    _route(
        "POST", "ip-pools/<uuid:pool_id>/addresses", "add_ip_address", "Add an address to a pool",
        description=(
            "Its names in DNS are looked up within a minute, and it is used once its PTR record names `ehlo_name` and "
            "that leads back. On each day of its warm-up it sends so many messages at most; what is over leaves from "
            "other addresses of the pool or from shared pools."
        ),
        request=contract.IpAddressCreate, response=contract.IpPool, status=201,
        example={"address": "192.0.2.25", "ehlo_name": "mx25.wici.example", "reason": "Contract 12/2026"},
        response_example=_POOL,
    ),
    _route(
        "DELETE", "ip-pools/<uuid:pool_id>/addresses/<uuid:address_id>", "delete_ip_address",
        "Take an address out of a pool", query=Reasoned, status=204,
    ),
    _route(
        "POST", "ip-pools/<uuid:pool_id>/check", "check_ip_pool", "Look up the names of a pool's addresses now",
        request=Reasoned, example={"reason": "The PTR record is set"}, response=contract.IpPool, response_example=_POOL,
    ),
    _route(
        "GET", "ip-pools/<uuid:pool_id>/figures", "get_ip_pool_figures",
        "What came of a pool's mail, by day and destination",
        query=contract.IpPoolFiguresQuery, response=contract.IpPoolFigures, response_example={"items": [_DAY]},
    ),
    _route(
        "POST", "ip-pools/<uuid:pool_id>/resumption", "resume_ip_pool",
        "Let a pool go on at a destination that blocked it",
        description="A pool waits for an hour where a destination blocks it. Again is harmless.",
        request=contract.IpPoolResume, response=contract.IpPool,
        example={"destination": "outlook", "reason": "Delisted"}, response_example={**_POOL, "pauses": []},
    ),
    _route(
        "PUT", "accounts/<uuid:account_id>/ip-pool", "put_account_ip_pool",
        "Say from which pool an account's mail leaves",
        request=contract.AccountIpPool, status=204,
        example={"pool_id": _ID, "reason": "Contract 12/2026"},
    ),
]  # fmt: skip
