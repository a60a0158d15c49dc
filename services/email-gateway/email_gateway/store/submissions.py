"""What a transaction that takes partners' mail looks at: all of it in one round trip, however many mails there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from chassis.database import Session, columns, pipelined
from email_gateway.store.signing import AUTHORISED

# In the order of ids, so that two that count at the same time wait for each other in one order.
_STANDING = (
    "SELECT smtp_account_id, account_id, secret_hash, is_active, messages_a_minute,"
    " CASE WHEN minute = date_trunc('minute', now()) THEN used ELSE 0 END FROM smtp_accounts"
    " WHERE smtp_account_id = ANY(%s::uuid[]) ORDER BY smtp_account_id FOR NO KEY UPDATE"
)
_ACCOUNTS = (
    "SELECT a.account_id, coalesce(n.networks, '{}'), coalesce(s.is_suspended, false)"
    " FROM unnest(%s::uuid[]) AS a(account_id) LEFT JOIN account_networks n ON n.account_id = a.account_id"
    " LEFT JOIN account_suspensions s ON s.account_id = a.account_id"
)
_BLOCKED = (
    "SELECT b.smtp_account_id, b.address FROM unnest(%s::uuid[], %s::text[]) AS s(smtp_account_id, address)"
    " JOIN smtp_blocked b ON b.smtp_account_id = s.smtp_account_id AND b.address = s.address"
)


class Standing(NamedTuple):
    """What an SMTP account may do at this moment; `used` are messages of this minute."""

    smtp_account_id: UUID
    account_id: UUID
    secret_hash: bytes
    is_active: bool
    messages_a_minute: int
    used: int


@dataclass(frozen=True)
class Now:
    """How things are at this moment. SMTP accounts stay so until the transaction ends.

    :param standings: of the SMTP accounts that there are. :param networks: by account, those it may be used from; none:
        from anywhere. :param authorised: accounts, with the domains of theirs that they may send from.
    :param blocked: SMTP accounts, with the addresses in lower case that they do not reach.
    """

    standings: dict[UUID, Standing]
    networks: Mapping[UUID, Sequence[str]]
    suspended: Collection[UUID]
    authorised: Collection[tuple[UUID, str]]
    blocked: Collection[tuple[UUID, str]]


def look(
    session: Session,
    *,
    smtp_account_ids: Collection[UUID],
    domains: Collection[tuple[UUID, str]],
    addressed: Collection[tuple[UUID, str]],
) -> Now:
    """:param domains: account and domain of senders. :param addressed: SMTP account and recipient in lower case."""
    accounts = {account_id for account_id, _ in domains}
    asked = (
        (_STANDING, [list(smtp_account_ids)]),
        (_ACCOUNTS, [list(accounts)]),
        (AUTHORISED, columns(sorted(domains), 2)),
        (_BLOCKED, columns(sorted(addressed), 2)),
    )
    with pipelined(session) as cursor:
        cursors = [cursor().execute(*each) for each in asked]
    standings, of_accounts, authorised, blocked = [each.fetchall() for each in cursors]
    return Now(
        {row[0]: Standing._make((*row[:2], bytes(row[2]), *row[3:])) for row in standings},
        {account_id: networks for account_id, networks, _ in of_accounts},
        {account_id for account_id, _, is_suspended in of_accounts if is_suspended},
        set(authorised),
        set(blocked),
    )
