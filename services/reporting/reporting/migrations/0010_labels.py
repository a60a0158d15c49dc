"""What customers call their messages: external ids, tags and subjects, to find them by."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # One index answers each question, whatever the statistics say: the newest messages of an account with one label.
    op.execute(
        'CREATE TABLE labels (account_id uuid NOT NULL, kind smallint NOT NULL, label text COLLATE "C" NOT NULL,'
        " message_id uuid NOT NULL, PRIMARY KEY (account_id, kind, label, message_id)) PARTITION BY RANGE (message_id)"
    )
    op.execute("CREATE INDEX labels_message ON labels (message_id)")
    op.execute("CREATE TABLE labels_default PARTITION OF labels DEFAULT")


def downgrade() -> None:
    raise NotImplementedError("the log is not taken back")
