"""An SMPP account as the database has it, as the server knows it."""

from __future__ import annotations

from typing import Any

from contracts.vocabulary import Lane
from sms_gateway.domain.smpp_partners import SmppPartner, senders_by_spelling


def partner_of(row: Any) -> SmppPartner:
    """:param row: of `store.smpp_accounts.known` or `named`."""
    return SmppPartner(
        id=row.id,
        account_id=row.account_id,
        system_id=row.system_id,
        password_hash=bytes(row.password_hash),
        ip_list=tuple(row.ip_list),
        account_networks=tuple(row.account_networks),
        certificates=frozenset(row.client_pins),
        senders=senders_by_spelling(row.active_senders or (), row.senders),
        lane=Lane(row.lane),
        rate=row.rate,
        window=row.window,
        enabled=row.enabled,
        is_suspended=row.is_suspended,
        binds=row.binds,
    )
