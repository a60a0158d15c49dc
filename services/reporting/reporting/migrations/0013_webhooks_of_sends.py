"""Webhooks of what one key or account handed in, and of single sends that name an address of their own."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE webhooks ADD COLUMN submitter_id uuid, ADD COLUMN for_sends boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE UNIQUE INDEX webhooks_of_sends ON webhooks (account_id, url) WHERE for_sends AND deleted_at IS NULL"
    )
    # The key of what is posted to addresses of single sends: one for each account.
    op.execute(
        "CREATE TABLE webhook_keys (account_id uuid PRIMARY KEY, secret bytea NOT NULL, previous_secret bytea,"
        " previous_secret_until timestamptz)"
    )
    # By the message id of number 0, which all messages of a send have in common.
    op.execute(
        "CREATE TABLE webhook_sends (stem_id uuid PRIMARY KEY, account_id uuid NOT NULL, submitter_id uuid,"
        " webhook_id uuid, created_at timestamptz NOT NULL DEFAULT now())"
    )
    op.execute("CREATE INDEX webhook_sends_account ON webhook_sends (account_id)")
    op.execute("CREATE INDEX webhook_sends_created ON webhook_sends (created_at)")
    op.execute("CREATE INDEX webhook_sends_webhook ON webhook_sends (webhook_id) WHERE webhook_id IS NOT NULL")


def downgrade() -> None:
    raise NotImplementedError("what customers have set up is not taken back")
