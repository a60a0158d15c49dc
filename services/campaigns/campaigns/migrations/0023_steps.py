"""Campaigns of steps: the steps, campaigns that are steps of one, and how far each person is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("steps", JSONB))
    op.add_column("campaigns", sa.Column("step_channels", ARRAY(sa.String)))
    op.add_column("campaigns", sa.Column("step_of", sa.Uuid, sa.ForeignKey("campaigns.id", ondelete="CASCADE")))
    op.add_column("campaigns", sa.Column("place", sa.SmallInteger))
    op.add_column("campaigns", sa.Column("awaits_more", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index(
        "campaigns_steps", "campaigns", ["step_of", "place"], unique=True,
        postgresql_where=sa.text("step_of IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "campaign_people",
        _of("campaigns"),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("place", sa.SmallInteger),
        sa.Column("reached_place", sa.SmallInteger),
        sa.Column("is_due", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("numbers", ARRAY(sa.Integer), nullable=False),
        sa.Column("steps", JSONB, nullable=False),
        postgresql_with={"fillfactor": "70"},
    )
    for name, columns, where in (
        ("campaign_people_due_at", ["campaign_id", "due_at"], "due_at IS NOT NULL"),
        ("campaign_people_open", ["campaign_id", "place"], "place IS NOT NULL"),
        ("campaign_people_due", ["campaign_id", "place", "number"], "is_due"),
        ("campaign_people_state", ["campaign_id", "state", "number"], None),
        ("campaign_people_reached", ["campaign_id", "reached_place", "number"], "reached_place IS NOT NULL"),
    ):
        op.create_index(name, "campaign_people", columns, postgresql_where=None if where is None else sa.text(where))
    op.create_table(
        "campaign_queue",
        _of("campaigns"),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("person", sa.Integer, nullable=False),
    )
    op.create_table(
        "campaign_step_counts",
        _of("campaigns"),
        sa.Column("place", sa.SmallInteger, primary_key=True),
        sa.Column("state", sa.String, primary_key=True),
        sa.Column("people", sa.Integer, nullable=False),
    )


def _of(table: str) -> sa.Column[object]:
    return sa.Column("campaign_id", sa.Uuid, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)
