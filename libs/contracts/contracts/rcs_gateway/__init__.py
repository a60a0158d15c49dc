"""What others may ask of rcs-gateway; each noun's file holds its calls."""

from contracts.rcs_gateway import agents, answers, messages
from contracts.rpc import Call

RPC: dict[str, Call] = {**messages.RPC, **agents.RPC, **answers.RPC}
