"""Agents: requested by the account, set up and decided by an operator."""

from api_gateway.routing import ANYONE, Route
from contracts.rcs_gateway import agents as contract

_EXAMPLE = {
    "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b53",
    "account_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b00",
    "name": "shop",
    "title": "Shop",
    "purpose": "Parcels and offers",
    "state": "requested",
    "reason": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
_SET_UP = {
    **_EXAMPLE,
    "google_id": "shop_x7ab2c_agent",
    "client_email": "rcs@shop-1234.iam.gserviceaccount.com",
    "hook": "q9D3vYc0m2pX1sLr8tKe7WbN",
}
_ONE = "/v1/operator/rcs/agents/<uuid:agent_id>"

ROUTES = [
    Route(
        "GET",
        "/v1/rcs/agents",
        rpc="rcs_gateway.list_agents",
        permission="rcs.senders",
        summary="List agents",
        query=contract.AgentQuery,
        response=contract.AgentPage,
        tags=["RCS"],
        response_example={"items": [_EXAMPLE], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/rcs/agents",
        rpc="rcs_gateway.request_agent",
        permission="rcs.senders",
        summary="Request an agent",
        description="`name` is what messages and campaigns say as their sender, `title` what people see. An operator"
        " has it launched with Google and switches it on. Protected names are refused. At most 20 an account.",
        request=contract.AgentCreate,
        response=contract.Agent,
        status=201,
        tags=["RCS"],
        example={"name": "shop", "title": "Shop", "purpose": "Parcels and offers"},
        response_example=_EXAMPLE,
    ),
    Route(
        "GET",
        "/v1/operator/rcs/agents",
        rpc="rcs_gateway.list_all_agents",
        permission=ANYONE,
        operator=True,
        summary="List every account's agents",
        query=contract.AgentQuery,
        response=contract.AgentSetUpPage,
        tags=["Operators"],
        response_example={"items": [_SET_UP], "next_cursor": None},
    ),
    Route(
        "PUT",
        f"{_ONE}/credentials",
        rpc="rcs_gateway.set_agent_credentials",
        permission=ANYONE,
        operator=True,
        summary="Set Google's id and the credentials of an agent",
        description="Private key and client token are sealed and shown to nobody again; it holds within seconds. At"
        " Google the webhook of the agent is `/hooks/rcs/{hook}`: save these first, for Google asks there at once.",
        request=contract.AgentCredentials,
        response=contract.AgentSetUp,
        tags=["Operators"],
        example={
            "google_id": "shop_x7ab2c_agent",
            "client_email": "rcs@shop-1234.iam.gserviceaccount.com",
            "private_key": "-----BEGIN PRIVATE KEY-----\n…",
            "client_token": "SJENCPGJESMGUFPY",
            "reason": "Launched with Google",
        },
        response_example=_SET_UP,
    ),
    Route(
        "POST",
        f"{_ONE}/decision",
        rpc="rcs_gateway.decide_agent",
        permission=ANYONE,
        operator=True,
        summary="Activate or reject an agent",
        description="The account is shown the reason of a rejection. 409 `agent.not_set_up` before it has credentials.",
        request=contract.AgentDecision,
        response=contract.AgentSetUp,
        tags=["Operators"],
        example={"decision": "activate", "reason": "Launched at all networks"},
        response_example={**_SET_UP, "state": "active"},
    ),
]
