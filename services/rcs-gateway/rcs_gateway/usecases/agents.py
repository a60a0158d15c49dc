"""Agents: requested by accounts, set up and decided by operators."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from channel import protected_names
from channel.providers.google import is_rsa
from chassis import acts, pages
from chassis.actors import account_of, operator_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.secrets import Vault
from contracts.events import RCS_GATEWAY_ACT
from contracts.rpc import Actor
from rcs_gateway import exceptions
from rcs_gateway.domain.agents import NEXT, AgentState, AgentStep
from rcs_gateway.models import Agent
from rcs_gateway.store import agents as store
from rcs_gateway.usecases import views

MOST = 20  # of one account


def list_agents(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """The account's, in order of request."""
    return store.AGENTS.listed(session, views.agent, account_id=account_of(actor), **asked)


def list_all_agents(session: Session, *, actor: Actor, now: datetime, **asked: Any) -> pages.Page:
    """Of every account, for operators."""
    operator_of(actor)
    return store.AGENTS.listed(session, views.agent_set_up, account_id=None, **asked)


def request_agent(
    session: Session, *, actor: Actor, now: datetime, name: str, title: str, purpose: str | None
) -> views.View:
    """:raises Invalid: a protected name. :raises Conflict: the account has it, or `MOST` already."""
    if protected_names.is_protected_id(name) or protected_names.is_protected_id(title):
        raise exceptions.title_protected()
    account_id = account_of(actor)
    if store.count(session, account_id) >= MOST:
        raise exceptions.too_many_agents(MOST)
    made = Agent(
        id=new_id(), account_id=account_id, name=name, title=title, purpose=purpose, state=AgentState.REQUESTED,
        hook=secrets.token_urlsafe(18),
    )  # fmt: skip
    if not store.add(session, made):
        raise exceptions.agent_taken()
    _record(session, actor, made, "agent.requested")
    return views.agent(made)


def set_agent_credentials(
    session: Session, *, actor: Actor, now: datetime, vault: Vault, agent_id: UUID, reason: str, google_id: str,
    client_email: str, private_key: str, client_token: str,
) -> views.View:  # fmt: skip
    """By an operator; what is under way changes over within seconds. :raises Invalid: the private key is none."""
    operator_of(actor)
    if not is_rsa(private_key.encode()):
        raise exceptions.key_invalid()
    agent = _found(session, agent_id)
    agent.google_id, agent.client_email = google_id, client_email
    agent.private_key, agent.client_token = vault.encrypt(private_key.encode()), vault.encrypt(client_token.encode())
    agent.updated_at = now
    session.flush()
    _record(session, actor, agent, "agent.set_up", reason=reason, google_id=google_id, account_id=agent.account_id)
    return views.agent_set_up(agent)


def decide_agent(
    session: Session, *, actor: Actor, now: datetime, agent_id: UUID, decision: str, reason: str
) -> views.View:
    """An operator switches it on or rejects it; the account is shown why it was rejected.

    :raises Conflict: it has no credentials yet, or is there already.
    """
    operator_of(actor)
    agent, step = _found(session, agent_id), AgentStep(decision)
    following = NEXT[AgentState(agent.state)].get(step)
    if following is None:
        raise exceptions.wrong_state(agent.state)
    if following is AgentState.ACTIVE and agent.private_key is None:
        raise exceptions.agent_not_set_up()
    agent.state, agent.updated_at = following, now
    agent.reason = reason if step is AgentStep.REJECT else None
    session.flush()
    decided: dict[str, Any] = {"decision": decision, "account_id": agent.account_id}
    _record(session, actor, agent, "agent.decided", reason=reason, **decided)
    return views.agent_set_up(agent)


def get_agent_hook(session: Session, *, actor: Actor, now: datetime, vault: Vault, name: str) -> views.View:
    """For the gateway. :raises NotFound: no agent has its events sent there."""
    agent = store.by_hook(session, name)
    if agent is None or agent.client_token is None:
        raise exceptions.not_found("agent")
    token = vault.decrypt(agent.client_token).decode()
    return {"id": agent.id, "account_id": agent.account_id, "client_token": token}


def _found(session: Session, agent_id: UUID) -> Agent:
    found = store.find(session, agent_id, for_update=True)
    if found is None:
        raise exceptions.not_found("agent")
    return found


def _record(session: Session, actor: Actor, agent: Agent, act: str, **details: Any) -> None:
    acts.record(session, RCS_GATEWAY_ACT, actor, act, target_id=agent.id, name=agent.name, **details)
