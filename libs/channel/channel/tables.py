"""Tables that all channels have alike, each in its own database; of the ledger, the columns that all have.

claim_table(Base.metadata)       # in models.py
tables.create_claims(op)         # in migrations
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from chassis import suspensions

_NOW = {"nullable": False, "server_default": func.now()}


def _uuid(name: str, **options: Any) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), **options)


def _moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **{"nullable": False, **options})


def _quota_lease_columns() -> list[Any]:
    return [
        _uuid("reservation_id", primary_key=True),
        _uuid("account_id", nullable=False),
        Column("granted", BigInteger, nullable=False, server_default="0"),
        Column("used", BigInteger, nullable=False, server_default="0"),
        Column("told", BigInteger, nullable=False, server_default="0"),
        Column("is_ending", Boolean, nullable=False, server_default="false"),
        _moment("opened_at", **_NOW),
        _moment("used_at", **_NOW),
        # On trial: the addresses, in lower case, that it may be spent on.
        Column("only_to", ARRAY(Text)),
    ]


def _instance_columns() -> list[Any]:
    return [_uuid("instance_id", primary_key=True), _moment("expires_at")]


def _claim_columns() -> list[Any]:
    return [
        _uuid("claim_id", primary_key=True),
        _uuid("instance_id", nullable=False),
        _uuid("send_id", nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("last", BigInteger, nullable=False),
        Column("numbers", ARRAY(BigInteger), nullable=False),
        # JSON: the batch's header and these recipients.
        Column("body", LargeBinary, nullable=False),
        _moment("claimed_at", **_NOW),
    ]


def _retry_columns() -> list[Any]:
    return [
        _uuid("message_id", primary_key=True),
        _uuid("account_id", nullable=False),
        _uuid("campaign_id"),
        _moment("due_at"),
        Column("attempts", SmallInteger, nullable=False),
        # The code of the last failure: what waits for an outlet is pulled forward by it.
        Column("reason", Text),
        # JSON: the batch's header and one recipient.
        Column("body", LargeBinary, nullable=False),
    ]


def _lane_outbox_columns() -> list[Any]:
    return [
        Column("position", BigInteger, Identity(), primary_key=True),
        _uuid("instance_id", nullable=False),
        Column("lane", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        _moment("recorded_at", **_NOW),
    ]


def _campaign_state_columns() -> list[Any]:
    return [
        _uuid("campaign_id", primary_key=True),
        _uuid("account_id", nullable=False),
        Column("state", Text, nullable=False),
        # Grows with each change of the campaign's state.
        Column("version", BigInteger, nullable=False),
        _moment("changed_at", **_NOW),
    ]


def quota_lease_table(metadata: MetaData) -> Table:
    """Units of quota that identity has granted to this channel: see `channel.quota_leases`."""
    table = Table("quota_leases", metadata, *_quota_lease_columns())
    Index("quota_leases_account_id", table.c.account_id, unique=True, postgresql_where=text("NOT is_ending"))
    return table


def instance_table(metadata: MetaData) -> Table:
    """The leases of running instances: see `channel.instances`."""
    return Table("instances", metadata, *_instance_columns())


def claim_table(metadata: MetaData) -> Table:
    """Recipients that an instance is about to hand over, or has and knows no answer of: see `channel.claims`."""
    return Table("claims", metadata, *_claim_columns())


def retry_table(metadata: MetaData) -> Table:
    """Messages that must wait: see `channel.retries`."""
    return Table("retries", metadata, *_retry_columns())


def lane_outbox_table(metadata: MetaData) -> Table:
    """Delivery events and finished batches, a lane message a row, until the broker has confirmed them."""
    return Table("lane_outbox", metadata, *_lane_outbox_columns())


def campaign_state_table(metadata: MetaData) -> Table:
    """What campaigns tells of its campaigns' states: see `channel.campaign_states`."""
    return Table("campaign_states", metadata, *_campaign_state_columns())


def create_quota_leases(op: Any) -> None:
    op.create_table("quota_leases", *_quota_lease_columns())
    op.create_index(
        "quota_leases_account_id", "quota_leases", ["account_id"], unique=True, postgresql_where=text("NOT is_ending")
    )


def add_terms_to_quota_leases(op: Any) -> None:
    """For channels whose table is older."""
    op.execute("ALTER TABLE quota_leases ADD COLUMN IF NOT EXISTS only_to text[]")


def create_instances(op: Any) -> None:
    op.create_table("instances", *_instance_columns())


def create_claims(op: Any) -> None:
    op.create_table("claims", *_claim_columns())
    op.create_index("claims_instance_id", "claims", ["instance_id"])
    op.create_index("claims_by_range", "claims", ["send_id", "first"])
    # Bodies are JSON of up to 300 KB that live for a second: compressing them costs more than it saves.
    op.execute("ALTER TABLE claims ALTER COLUMN body SET STORAGE EXTERNAL")


def create_retries(op: Any) -> None:
    op.create_table("retries", *_retry_columns())
    op.create_index("retries_by_campaign", "retries", ["account_id", "campaign_id"])
    op.create_index("retries_due_at", "retries", ["due_at"])
    add_single_messages_to_retries(op)


def add_campaigns_to_retries(op: Any) -> None:
    """For channels whose table is older; what waited before has no campaign here, and is judged when it is due."""
    op.add_column("retries", _uuid("campaign_id"))
    op.execute("DROP INDEX IF EXISTS retries_account_id, ix_retries_account_id")
    op.create_index("retries_by_campaign", "retries", ["account_id", "campaign_id"])


def add_single_messages_to_retries(op: Any) -> None:
    """Single messages are found at once behind a campaign's backlog; in a migration of channels that are older."""
    op.execute("CREATE INDEX IF NOT EXISTS retries_single_due_at ON retries (due_at) WHERE campaign_id IS NULL")


def create_campaign_states(op: Any) -> None:
    op.create_table("campaign_states", *_campaign_state_columns())
    # A busy installation ends thousands of campaigns a day, and stops few.
    op.execute(
        "CREATE INDEX campaign_states_stopped ON campaign_states (campaign_id)"
        " WHERE state IN ('paused', 'cancelled', 'failed')"
    )
    op.create_index("campaign_states_changed_at", "campaign_states", ["changed_at"])


def create_lane_outbox(op: Any) -> None:
    op.create_table("lane_outbox", *_lane_outbox_columns())
    op.execute("ALTER TABLE lane_outbox ALTER COLUMN body SET STORAGE EXTERNAL")


def create_ledger(op: Any, *own: Column[Any]) -> None:
    """The columns of `channel.defaults.PlainLedger`, and the channel's `own`; a partition a day, and one for the rest.

    The outbound process makes the days' partitions, as `Outbound.partitioned` says.
    """
    op.create_table(
        "ledger",
        _uuid("message_id", primary_key=True),
        _uuid("account_id", nullable=False),
        _uuid("campaign_id"),
        _uuid("contact_id"),
        Column("address", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("code", Text),
        _moment("updated_at", **_NOW),
        *own,
        postgresql_partition_by="RANGE (message_id)",
    )
    op.execute("CREATE TABLE ledger_default PARTITION OF ledger DEFAULT")


def create_contents(op: Any) -> None:
    """Contents of a channel that keeps them by `channel.plain`."""
    op.create_table(
        "contents",
        Column("content_hash", Text, primary_key=True),
        _uuid("account_id", nullable=False),
        Column("sender", Text, nullable=False),
        Column("content", JSONB, nullable=False),
        _moment("created_at", **_NOW),
        _moment("keep_until", nullable=True),  # of single sends alone; a campaign's is kept for ever
    )


def add_keeping_to_contents(op: Any) -> None:
    """For channels whose table is older; single messages' texts of before are kept for a while from now on."""
    op.execute("ALTER TABLE contents ADD COLUMN IF NOT EXISTS keep_until timestamptz")
    op.execute("UPDATE contents SET keep_until = now() + interval '9 days' WHERE content ->> 'literal' = 'true'")


def create_sends(op: Any) -> None:
    """Requests for single messages, as `channel.plain` keeps them. `stem_id` is the id of message number 0."""
    op.create_table(
        "sends",
        _uuid("send_id", primary_key=True),
        _uuid("account_id", nullable=False),
        Column("content_hash", Text, nullable=False),
        Column("external_id", Text),
        _uuid("stem_id", nullable=False, unique=True),
        Column("request_hash", Text, unique=True),
        _moment("created_at", **_NOW),
    )


def create_all(op: Any) -> None:
    """All of them: the first migration of a channel that takes everything from here."""
    suspensions.create(op)
    create_quota_leases(op)
    create_instances(op)
    create_claims(op)
    create_retries(op)
    create_campaign_states(op)
    create_lane_outbox(op)
    create_ledger(op)
    create_contents(op)
    create_sends(op)


def create_stops(op: Any) -> None:
    """Who has answered STOP: see `channel.stop_sayers`."""
    op.create_table(
        "stops",
        _uuid("account_id", primary_key=True),
        Column("phone", Text, primary_key=True),
        _moment("said_at"),
    )
    op.create_index("ix_stops_said_at", "stops", ["said_at"])


def create_parked_reports(op: Any) -> None:
    """Reports whose message is not written down yet: see `channel.reported_states`."""
    op.execute(
        "CREATE TABLE parked_reports (position bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
        " account_id uuid NOT NULL, message_id uuid NOT NULL,"
        " state text NOT NULL, code text, at timestamptz NOT NULL, read_at timestamptz,"
        " tries integer NOT NULL, next_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX parked_reports_next_at ON parked_reports (next_at)")
