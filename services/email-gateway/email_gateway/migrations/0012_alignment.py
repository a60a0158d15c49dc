"""What domains of single addresses say of mail in their name, and when a sender domain's records are checked again."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE sender_policies (domain text PRIMARY KEY, policy text, answered_at timestamptz,"
        " due_at timestamptz NOT NULL)"
    )
    op.execute("CREATE INDEX sender_policies_due ON sender_policies (due_at)")
    op.execute("CREATE INDEX sender_addresses_domain ON sender_addresses (split_part(email, '@', 2))")
    op.execute(
        "INSERT INTO sender_policies (domain, due_at) SELECT DISTINCT split_part(email, '@', 2), now()"
        " FROM sender_addresses"
    )
    op.execute("ALTER TABLE sender_domains ADD COLUMN link_host text, ADD COLUMN check_due_at timestamptz")
    # Not Wici's own, whose account is nobody: its mails need neither.
    op.execute(
        "UPDATE sender_domains SET check_due_at = now() WHERE state = 'verified'"
        " AND account_id <> '00000000-0000-0000-0000-000000000000'"
    )
    op.execute("CREATE INDEX sender_domains_check_due ON sender_domains (check_due_at)")


def downgrade() -> None:
    op.execute("DROP INDEX sender_domains_check_due")
    op.execute("ALTER TABLE sender_domains DROP COLUMN check_due_at, DROP COLUMN link_host")
    op.execute("DROP INDEX sender_addresses_domain")
    op.execute("DROP TABLE sender_policies")
