"""SMPP accounts: systems of the customer's own that send and receive over SMPP."""

from typing import Any

from api_gateway.routing import Route
from contracts.schema import PageQuery
from contracts.sms_gateway import smpp_accounts as contract

_EXAMPLE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b30",
    "name": "Codes of the shop",
    "system_id": "w7k2m9x4pq",
    "ip_list": ["192.0.2.0/24"],
    "senders": ["Wici"],
    "lane": "otp",
    "max_binds": 4,
    "rate": 100,
    "window": 100,
    "answers": True,
    "client_certificates": None,
    "enabled": True,
    "waiting": 0,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_BIND = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b31",
    "kind": "transceiver",
    "address": "192.0.2.7",
    "tls": True,
    "bound_at": "2026-11-24T08:00:00+00:00",
    "accepted": 120_311,
    "refused": 4,
    "delivered": 120_298,
    "unanswered": 3,
    "unacknowledged": 1,
    "last_error": "submit_sm 0x0000000a",
    "last_error_at": "2026-11-24T09:12:00+00:00",
}
_REFUSED = {"at": "2026-11-24T07:59:00+00:00", "address": "198.51.100.9", "reason": "address"}


def _route(method: str, path: str, rpc: str, summary: str, **more: Any) -> Route:
    return Route(
        method,
        f"/v1/smpp-accounts{path}",
        rpc=f"sms_gateway.{rpc}",
        permission="sms.partners",
        summary=summary,
        tags=["SMPP accounts"],
        **more,
    )


ROUTES = [
    _route(
        "GET", "", "list_smpp_accounts", "List SMPP accounts",
        query=PageQuery, response=contract.SmppAccountPage,
        response_example={"items": [_EXAMPLE], "next_cursor": None},
    ),
    _route(
        "POST", "", "create_smpp_account", "Create an SMPP account", session_only=True,
        description="The system id is made here. The password is in this answer and never shown again.",
        request=contract.SmppAccountCreate, response=contract.NewSmppAccount, status=201,
        example={"name": "Codes of the shop", "ip_list": ["192.0.2.0/24"], "senders": ["Wici"], "lane": "otp"},
        response_example={**_EXAMPLE, "password": "q7Rk2mXw"},
    ),
    _route(
        "GET", "/<uuid:smpp_account_id>", "get_smpp_account", "One SMPP account",
        response=contract.SmppAccount, response_example=_EXAMPLE,
    ),
    _route(
        "PATCH", "/<uuid:smpp_account_id>", "update_smpp_account", "Change an SMPP account", session_only=True,
        description="What binds now follows within two seconds; binds from addresses that are not listed any more,"
        " those without a certificate that must be there now, and those of a disabled account, end.",
        request=contract.SmppAccountChange, response=contract.SmppAccount,
        example={"rate": 200}, response_example={**_EXAMPLE, "rate": 200},
    ),
    _route(
        "POST", "/<uuid:smpp_account_id>/rotation", "rotate_smpp_password", "Give an SMPP account a new password",
        session_only=True,
        description="The new password is in this answer and never shown again. The old one is worth nothing within two"
        " seconds; binds that it made take no more and are unbound.",
        response=contract.NewSmppAccount, status=201, response_example={**_EXAMPLE, "password": "q7Rk2mXw"},
    ),
    _route(
        "DELETE", "/<uuid:smpp_account_id>", "delete_smpp_account", "Delete an SMPP account",
        description="Its binds end within two seconds; receipts and answers that wait for it are dropped.", status=204,
    ),
    _route(
        "GET", "/<uuid:smpp_account_id>/binds", "list_smpp_binds", "The binds of an SMPP account",
        description="With the last error of each, and the last bind that was refused, which its peer is not told why.",
        response=contract.SmppBinds, response_example={"items": [_BIND], "last_refused": _REFUSED},
    ),
]  # fmt: skip
