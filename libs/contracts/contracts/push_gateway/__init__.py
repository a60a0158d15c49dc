"""What others may ask of push-gateway; each noun's file holds its calls."""

from contracts.push_gateway import applications, devices, messages
from contracts.rpc import Call

RPC: dict[str, Call] = {**messages.RPC, **applications.RPC, **devices.RPC}
