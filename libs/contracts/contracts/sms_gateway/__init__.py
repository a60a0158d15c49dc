"""What others may ask of sms-gateway; each noun's file holds its calls."""

from contracts.rpc import Call
from contracts.sms_gateway import (
    answers,
    carriers,
    contents,
    countries,
    keywords,
    messages,
    prices,
    senders,
    smpp_accounts,
    sms_ranges,
)

RPC: dict[str, Call] = {
    **messages.RPC,
    **answers.RPC,
    **keywords.RPC,
    **contents.RPC,
    **senders.RPC,
    **carriers.RPC,
    **countries.RPC,
    **sms_ranges.RPC,
    **prices.RPC,
    **smpp_accounts.RPC,
}
