"""What others may ask of email-gateway; each noun's file holds its calls."""

from contracts.email_gateway import ip_pools, mail_routes, messages, senders, smtp_accounts
from contracts.rpc import Call

RPC: dict[str, Call] = {**messages.RPC, **senders.RPC, **mail_routes.RPC, **ip_pools.RPC, **smtp_accounts.RPC}
