"""Prices of SMS by plan, costs by carrier, the plan of each account, and what carriers took a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TIME = pg.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sms_prices",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("plan", sa.Text),
        sa.Column("carrier_id", sa.Uuid, sa.ForeignKey("carriers.id", ondelete="CASCADE")),
        sa.Column("network", sa.Text),
        sa.Column("amount", sa.Integer),
        sa.Column("per_parts", sa.Integer, nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("plan IS NULL OR carrier_id IS NULL", name="sms_prices_one_owner"),
        sa.UniqueConstraint(
            "plan", "carrier_id", "network", "valid_from", name="sms_prices_once", postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "account_plans",
        sa.Column("account_id", sa.Uuid, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("told_at", TIME, nullable=False),
    )
    op.create_table(
        "sms_traffic",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("carrier_id", sa.Uuid, primary_key=True),
        sa.Column("network", sa.Text, primary_key=True),
        sa.Column("shard", sa.SmallInteger, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
        postgresql_with={"fillfactor": "50"},
    )


SUMS = ("messages", "parts", "unpriced_parts", "uncosted_parts", "charged", "paid_thousandths")


def downgrade() -> None:
    for name in ("sms_traffic", "account_plans", "sms_prices"):
        op.drop_table(name)
