"""Contract of viber-gateway: bots, people who subscribe to them, contents, single messages, what people answered."""

from contracts.rpc import Call
from contracts.viber_gateway import answers, invitations, messages, senders

RPC: dict[str, Call] = {**messages.RPC, **senders.RPC, **invitations.RPC, **answers.RPC}
