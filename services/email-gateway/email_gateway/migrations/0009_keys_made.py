"""How many signing keys were made for each account today."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("CREATE TABLE keys_made (account_id uuid PRIMARY KEY, day date NOT NULL, keys integer NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE keys_made")
