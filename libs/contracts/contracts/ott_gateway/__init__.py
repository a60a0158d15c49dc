"""Contract of ott-gateway: WhatsApp numbers and their templates, contents, single messages, what people answered."""

from contracts.ott_gateway import answers, messages, senders, templates
from contracts.rpc import Call

RPC: dict[str, Call] = {**messages.RPC, **senders.RPC, **templates.RPC, **answers.RPC}
