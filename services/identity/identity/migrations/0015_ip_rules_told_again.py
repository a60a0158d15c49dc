"""What was told last of an account's list of addresses for machines: what another release changes is told as well."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Whoever ever had a list is told of once more (NULL: nobody knows what was told last). The trail is read before
# accounts are locked.
STATEMENTS = (
    "CREATE TEMPORARY TABLE had_ip_rules ON COMMIT DROP AS SELECT DISTINCT account_id FROM audit_entries"
    " WHERE action IN ('account.ip_rules_set', 'account.ip_rules_reset') AND account_id IS NOT NULL",
    "ALTER TABLE accounts ADD COLUMN api_ip_rules_told varchar[] DEFAULT '{}'",
    "UPDATE accounts SET api_ip_rules_told = NULL WHERE state <> 'closed'"
    " AND (api_ip_rules <> '{}' OR id IN (SELECT account_id FROM had_ip_rules))",
    "CREATE INDEX ix_accounts_ip_rules_untold ON accounts (id) WHERE api_ip_rules IS DISTINCT FROM api_ip_rules_told",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
