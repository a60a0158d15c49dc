"""Sender addresses by the time at which a code was mailed to them: how many were today is asked for each new one."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE INDEX sender_addresses_codes ON sender_addresses (created_at) WHERE code_expires_at IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX sender_addresses_codes")
