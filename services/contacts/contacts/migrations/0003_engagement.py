"""What became of campaigns' messages, by contact: columns of contact ids, a batch a row."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A row: to whom one kind of thing (delivered, opened, …) happened, of one campaign on one day (UTC), as told in one
# batch; a contact stands in it as often as it happened. Ids are kept as they are: they do not compress, and reading
# them is most of a segment's cost.
ENGAGEMENT = """
CREATE TABLE engagement (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    campaign_id uuid NOT NULL,
    kind        text NOT NULL,
    day         date NOT NULL,
    loose       boolean NOT NULL,
    contact_ids uuid[] NOT NULL
);
ALTER TABLE engagement ALTER COLUMN contact_ids SET STORAGE EXTERNAL;
CREATE INDEX engagement_account ON engagement (account_id, kind, day);
CREATE INDEX engagement_day ON engagement (day);
CREATE INDEX engagement_loose ON engagement (day) WHERE loose;
"""


def upgrade() -> None:
    op.execute(ENGAGEMENT)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
