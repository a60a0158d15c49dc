"""What people are told of a group that they may leave by themselves, and who has left one.

`address` is the e-mail address that the contact had then: who is deleted and comes with the next list has left it, too.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE groups ADD COLUMN public jsonb;
CREATE INDEX groups_public ON groups (account_id) WHERE public IS NOT NULL;
CREATE TABLE group_leavers (
    group_id    uuid NOT NULL,
    contact_id  uuid NOT NULL,
    account_id  uuid NOT NULL,
    address     text,
    campaign_id uuid,
    message_id  uuid NOT NULL,
    left_at     timestamptz NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, contact_id)
);
CREATE INDEX group_leavers_address ON group_leavers (group_id, address);
CREATE INDEX group_leavers_contact ON group_leavers (account_id, contact_id);
CREATE INDEX group_leavers_kept ON group_leavers (account_id, kept_at);
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
