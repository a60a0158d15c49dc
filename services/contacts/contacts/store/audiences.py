"""Audiences: whom a campaign reaches, as SQL and counted. Their snapshots: `snapshots`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.channel import CHANNELS
from contracts.vocabulary import Channel, FollowUpWho

ADDRESS: dict[str, str] = {channel: facts.address_field for channel, facts in CHANNELS.items()}


def reachable(channel: str) -> str:
    """SQL over `c`: has an address on the channel and consent, and is not in the archive."""
    return f"c.{channel}_consent AND {not_archived(channel)}"


def reachable_on_any(channels: Sequence[str]) -> str:
    """SQL over `c`: on one of these channels at least."""
    return _on_any(channels, reachable)


def _on_any(channels: Sequence[str], sql_of: Callable[[str], str]) -> str:
    return f"({' OR '.join(f'({sql_of(channel)})' for channel in dict.fromkeys(channels))})"


def not_archived(channel: str) -> str:
    """SQL over `c`: has an address on the channel that is not in the archive."""
    address = ADDRESS[channel]
    return (
        f"c.{address} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM archive a WHERE a.account_id = :account"
        f" AND a.channel = '{channel}' AND a.address = c.{address} AND a.restored_at IS NULL)"
    )


def has_address(channel: str, parameter: str) -> str:
    """Addresses are kept in lower case."""
    return f"c.{ADDRESS[channel]} = ANY(CAST(:{parameter} AS text[]))"


def in_groups(parameter: str) -> str:
    return (
        f"c.id IN (SELECT m.contact_id FROM group_members m WHERE m.account_id = :account"
        f" AND m.group_id = ANY(CAST(:{parameter} AS uuid[])))"
    )


def _told(kind: str) -> str:
    """SQL over `c`: this is known of a message of one of `:followed_campaigns` to them."""
    return (
        "c.id IN (SELECT unnest(e.contact_ids) FROM engagement e WHERE e.account_id = :account"
        f" AND e.kind = '{kind}' AND e.campaign_id = ANY(CAST(:followed_campaigns AS uuid[])))"
    )


def followed(who: FollowUpWho, channel: str | None) -> str:
    """SQL over `c`: a recipient of `:followed_campaigns`, of that channel, who did, or did not.

    A mail that its server took may still come back; an SMS that failed may still be shown to have arrived.
    """
    delivered, not_delivered, clicked = _told("delivered"), _told("bounced"), _told("clicked")
    if channel == Channel.EMAIL:
        delivered = f"{delivered} AND NOT {not_delivered}"
    else:
        not_delivered = f"{not_delivered} AND NOT {delivered}"
    opened = f"({_told('opened')} OR {clicked})"
    conditions = {
        FollowUpWho.DELIVERED: delivered,
        FollowUpWho.NOT_DELIVERED: not_delivered,
        FollowUpWho.OPENED: f"{delivered} AND {opened}",
        FollowUpWho.NOT_OPENED: f"{delivered} AND NOT {opened}",
        FollowUpWho.CLICKED: f"{delivered} AND {clicked}",
        FollowUpWho.NOT_CLICKED: f"{delivered} AND NOT {clicked}",
    }
    return f"({conditions[who]})"


def in_group(parameter: str) -> str:
    """As `in_groups`, of one group: for pages by id, which then follow an index and end early."""
    return (
        f"EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = CAST(:{parameter} AS uuid)"
        " AND m.contact_id = c.id AND m.account_id = :account)"
    )


def expect_sets(session: Session) -> None:
    """Let this transaction keep groups and engagement in memory, about 90 bytes a contact.

    What PostgreSQL thinks too large to be hashed it would otherwise walk once a contact. Every parallel worker would
    make the sets again, and compiling the statement costs more than it gives.
    """
    session.execute(_EXPECT_SETS)


_EXPECT_SETS = text(
    "SELECT set_config(name, value, true) FROM (VALUES ('work_mem', '64MB'), ('hash_mem_multiplier', '16'),"
    " ('max_parallel_workers_per_gather', '0'), ('jit', 'off')) AS setting (name, value)"
)


def expect_many(session: Session) -> None:
    """Besides, no nested loops: an audience is a set, and is made by hashing.

    Right after an import PostgreSQL believes that the account has one contact; it then walks the group once a contact,
    which took over 20 s for 100,000 of them, against 0.2 s.
    """
    expect_sets(session)
    session.execute(text("SET LOCAL enable_nestloop = off"))


def count(session: Session, *, account_id: UUID, where: str, parameters: Mapping[str, Any]) -> int:
    expect_many(session)
    # Somebody waits for the number: one worker beside makes the sets twice, and gives it in two thirds of the time
    # (six levels of a million contacts: 1.16 s instead of 1.68 s).
    session.execute(text("SET LOCAL max_parallel_workers_per_gather = 1"))
    return int(
        session.scalar(
            text(f"SELECT count(*) FROM contacts c WHERE c.account_id = :account AND {where}"),
            {**parameters, "account": account_id},
        )
        or 0
    )


def break_down(
    session: Session,
    *,
    account_id: UUID,
    channels: Sequence[str],
    included: str,
    excluded: str,
    capped: str,
    not_proved: str,
    parameters: Mapping[str, Any],
) -> dict[str, int]:
    """How many of the included there are, and why some of them are not reached: the first reason of each.

    Of several channels: why they are reached on none; a reason is theirs where it leaves none of the channels.

    :param included, excluded, capped, not_proved: SQL over `c`.
    """
    expect_many(session)
    reasons = {
        "excluded": excluded,
        "without_address": f"NOT {_on_any(channels, lambda channel: f'c.{ADDRESS[channel]} IS NOT NULL')}",
        "archived": f"NOT {_on_any(channels, not_archived)}",
        "without_consent": f"{reachable_on_any(channels)} IS NOT TRUE",
        "capped": capped,
        "not_proved": not_proved,
    }
    cases = " ".join(f"WHEN {sql} THEN '{reason}'" for reason, sql in reasons.items())
    rows = session.execute(
        text(
            f"SELECT CASE {cases} ELSE 'reachable' END AS outcome, count(*) FROM contacts c"
            f" WHERE c.account_id = :account AND {included} GROUP BY 1"
        ),
        {**parameters, "account": account_id},
    )
    counts = {outcome: int(count) for outcome, count in rows}
    return {"total": sum(counts.values()), **{name: counts.get(name, 0) for name in ("reachable", *reasons)}}
