"""What is written of an account's growth is added as a row of its own: nobody waits for another's transaction."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

# Added by every statement that changes the base, and folded into `growth`. The index is for those who ask meanwhile.
STEPS = """
CREATE TABLE growth_steps (
    account_id  uuid NOT NULL,
    hour        timestamptz NOT NULL,
    added       bigint NOT NULL,
    gone        bigint NOT NULL,
    archived    bigint NOT NULL
);
CREATE INDEX growth_steps_hour ON growth_steps (account_id, hour)
"""
COUNTING = """
CREATE OR REPLACE FUNCTION count_growth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO growth_steps (account_id, hour, added, gone, archived)
        SELECT account_id, date_bin('1 hour', now(), 'epoch'),
            CASE WHEN TG_TABLE_NAME = 'contacts' AND TG_OP = 'INSERT' THEN count(*) ELSE 0 END,
            CASE WHEN TG_TABLE_NAME = 'contacts' AND TG_OP = 'DELETE' THEN count(*) ELSE 0 END,
            CASE WHEN TG_TABLE_NAME = 'archive' THEN count(*) ELSE 0 END
        FROM changed GROUP BY 1;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(STEPS)
    # The triggers stay; nobody is stopped. What a transaction of before has still to write goes to `growth` as it did.
    op.execute(COUNTING)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
