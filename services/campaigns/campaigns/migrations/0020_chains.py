"""Messages over several channels, and their steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_chains",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("external_id", sa.String),
        sa.Column("webhook_url", sa.Text),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("channel", sa.String),
        sa.Column("reached_by", sa.String),
        sa.Column("is_cancelled", sa.Boolean, nullable=False, server_default=sa.false()),
        _moment("due_at"),
        sa.Column("lease", sa.Uuid),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _moment("ended_at"),
        _moment("content_until"),
    )
    op.create_index("message_chains_account", "message_chains", ["account_id", "created_at", "id"])
    op.create_index("message_chains_state", "message_chains", ["account_id", "state", "created_at", "id"])
    op.create_index(
        "message_chains_reached", "message_chains", ["account_id", "reached_by", "created_at", "id"],
        postgresql_where=sa.text("reached_by IS NOT NULL"),
    )  # fmt: skip
    _index("message_chains_contents", "message_chains", ["content_until"])
    _index("message_chains_due", "message_chains", ["channel", "due_at"])
    _index("message_chains_ended", "message_chains", ["ended_at"])
    _index("message_chains_external", "message_chains", ["account_id", "external_id"])
    _index("message_chains_contact", "message_chains", ["account_id", "contact_id"])
    op.create_table(
        "chain_steps",
        sa.Column("chain_id", sa.Uuid, sa.ForeignKey("message_chains.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", sa.SmallInteger, primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("sender", JSONB, nullable=False),
        sa.Column("content", JSONB),
        sa.Column("go_on", JSONB, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("is_addressed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("message_id", sa.Uuid),
        sa.Column("units", sa.Integer, nullable=False, server_default="0"),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("code", sa.Text),
        *(_moment(name) for name in ("asked_at", "tried_at", "sent_at", "looked_at", "unanswered_since")),
        *(_moment(name) for name in ("delivered_at", "read_at", "ended_at")),
        sa.Column("asked_back", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    _index("chain_steps_message", "chain_steps", ["message_id"], unique=True)
    _index("chain_steps_address", "chain_steps", ["account_id", "address"])


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True))


def _index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Of the rows that have the last of the columns."""
    op.create_index(name, table, columns, unique=unique, postgresql_where=sa.text(f"{columns[-1]} IS NOT NULL"))
