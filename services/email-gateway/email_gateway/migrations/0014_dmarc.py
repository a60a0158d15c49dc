"""What receivers report of mail in a sender domain's name (DMARC aggregate reports)."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE dmarc_reports (
            domain_id uuid NOT NULL REFERENCES sender_domains ON DELETE CASCADE,
            report_key bytea NOT NULL,
            account_id uuid NOT NULL,
            reporter text NOT NULL,
            begins_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            PRIMARY KEY (domain_id, report_key)
        )
        """
    )
    op.execute("CREATE INDEX dmarc_reports_received ON dmarc_reports (received_at)")
    op.execute(
        """
        CREATE TABLE dmarc_sources (
            domain_id uuid NOT NULL,
            report_key bytea NOT NULL,
            source inet NOT NULL,
            disposition text NOT NULL,
            is_dkim_aligned boolean NOT NULL,
            is_spf_aligned boolean NOT NULL,
            messages bigint NOT NULL,
            account_id uuid NOT NULL,
            PRIMARY KEY (domain_id, report_key, source, disposition, is_dkim_aligned, is_spf_aligned),
            FOREIGN KEY (domain_id, report_key) REFERENCES dmarc_reports ON DELETE CASCADE
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE dmarc_sources")
    op.execute("DROP TABLE dmarc_reports")
