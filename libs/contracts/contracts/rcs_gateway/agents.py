"""Agents: what RCS messages are from. Requested by accounts; set up and decided by operators."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.push_gateway.applications import NAME, PEM_MAX
from contracts.rpc import Call
from contracts.schema import PageQuery, Reasoned, Schema, line_field, page_of, plain_text

STATES = ("requested", "active", "rejected")
_HOOK = validate.Regexp(r"^[A-Za-z0-9_-]{1,64}\Z", error="Not a valid name of a hook.")


class AgentCreate(Schema):
    """`name` is what messages and campaigns say as their sender, `title` what people see."""

    name = fields.String(required=True, validate=NAME)
    title = line_field(40, 1, required=True)
    purpose = fields.String(
        load_default=None, allow_none=True, validate=[validate.Length(max=1_000), plain_text],
        metadata={"description": "what it writes about, for the operators who decide"},
    )  # fmt: skip


class Agent(Schema):
    id = fields.UUID()
    account_id = fields.UUID()
    name = fields.String()
    title = fields.String()
    purpose = fields.String(allow_none=True)
    state = fields.String(validate=validate.OneOf(STATES))
    reason = fields.String(allow_none=True, metadata={"description": "why it was rejected"})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class AgentSetUp(Agent):
    """As operators see it. Private key and client token are sealed, and told to nobody again."""

    google_id = fields.String(allow_none=True, metadata={"description": "Google's id of the agent"})
    client_email = fields.String(allow_none=True)
    hook = fields.String(metadata={"description": "its events come to `/hooks/rcs/{hook}`"})


class AgentQuery(PageQuery):
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(STATES))


class AgentCredentials(Reasoned):
    """Of a service account that may send for the agent, and the token of its webhook."""

    google_id = fields.String(
        required=True,
        validate=validate.Regexp(r"^[A-Za-z0-9_@.-]{1,100}\Z", error="Not a valid id of an agent."),
    )
    client_email = fields.String(required=True, validate=[validate.Length(min=3, max=254), plain_text])
    private_key = fields.String(
        required=True, load_only=True, validate=[validate.Length(min=1, max=PEM_MAX), plain_text]
    )
    client_token = fields.String(
        required=True, load_only=True, validate=[validate.Length(min=8, max=200), plain_text],
        metadata={"description": "as the console shows it where the webhook is configured"},
    )  # fmt: skip


class AgentDecision(Reasoned):
    """`activate` switches the agent on; the reason of a `reject` is shown to the account."""

    decision = fields.String(required=True, validate=validate.OneOf(("activate", "reject")))


class HookAsked(Schema):
    name = fields.String(required=True, validate=_HOOK)


class AgentHook(Schema):
    """For the gateway: whose events come to an address, and how they are known."""

    id = fields.UUID()
    account_id = fields.UUID()
    client_token = fields.String()


AgentPage, AgentSetUpPage = page_of(Agent), page_of(AgentSetUp)

RPC: dict[str, Call] = {
    "list_agents": Call(AgentQuery, AgentPage),
    "request_agent": Call(AgentCreate, Agent),
    "list_all_agents": Call(AgentQuery, AgentSetUpPage),
    "set_agent_credentials": Call(AgentCredentials, AgentSetUp, path={"agent_id": UUID}),
    "decide_agent": Call(AgentDecision, AgentSetUp, path={"agent_id": UUID}),
    "get_agent_hook": Call(HookAsked, AgentHook),
}
