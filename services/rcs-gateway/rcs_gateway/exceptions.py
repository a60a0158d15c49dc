"""What can go wrong, in domain words; raised as the contracts' kinds so that it survives the wire."""

from __future__ import annotations

from contracts.errors import Conflict, Invalid, NotFound


def not_found(noun: str) -> NotFound:
    return NotFound(f"{noun}.not_found", f"There is no such {noun.replace('_', ' ')}.")


def agent_unknown() -> Invalid:
    return Invalid.of_field("sender", "agent.unknown", "The account has no active agent of this name.")


def agent_taken() -> Conflict:
    return Conflict("agent.name_taken", "The account has an agent of this name, or asked for it.")


def too_many_agents(most: int) -> Conflict:
    return Conflict("agent.too_many", f"An account has at most {most} agents.")


def agent_not_set_up() -> Conflict:
    return Conflict("agent.not_set_up", "The agent has no credentials yet.")


def wrong_state(state: str) -> Conflict:
    return Conflict("agent.wrong_state", f"The agent is {state}.", {"state": state})


def key_invalid() -> Invalid:
    return Invalid.of_field("private_key", "agent.key_invalid", "This is no RSA private key of a service account.")


def title_protected() -> Invalid:
    return Invalid.of_field("title", "agent.protected", "This is the name of somebody who is protected.")
