"""How an account's base grows, hour by hour: counted as it is written, and of what is there already."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

TABLE = """
CREATE TABLE growth (
    account_id  uuid NOT NULL,
    hour        timestamptz NOT NULL,
    added       bigint NOT NULL DEFAULT 0,
    gone        bigint NOT NULL DEFAULT 0,
    archived    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, hour)
)
"""
COUNTING = """
CREATE FUNCTION count_growth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO growth AS g (account_id, hour, added, gone, archived)
        SELECT account_id, date_bin('1 hour', now(), 'epoch'),
            CASE WHEN TG_TABLE_NAME = 'contacts' AND TG_OP = 'INSERT' THEN count(*) ELSE 0 END,
            CASE WHEN TG_TABLE_NAME = 'contacts' AND TG_OP = 'DELETE' THEN count(*) ELSE 0 END,
            CASE WHEN TG_TABLE_NAME = 'archive' THEN count(*) ELSE 0 END
        FROM changed GROUP BY 1 ORDER BY 1
        ON CONFLICT (account_id, hour) DO UPDATE SET added = g.added + excluded.added, gone = g.gone + excluded.gone,
            archived = g.archived + excluded.archived;
    RETURN NULL;
END $$;
CREATE TRIGGER growth_added AFTER INSERT ON contacts REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_growth();
CREATE TRIGGER growth_gone AFTER DELETE ON contacts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_growth();
CREATE TRIGGER growth_archived AFTER INSERT ON archive REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_growth()
"""
SO_FAR = """
INSERT INTO growth (account_id, hour, added, archived)
SELECT account_id, hour, sum(added), sum(archived) FROM (
    SELECT account_id, date_bin('1 hour', created_at, 'epoch') AS hour, count(*) AS added, 0 AS archived
        FROM contacts GROUP BY 1, 2
    UNION ALL
    SELECT account_id, date_bin('1 hour', created_at, 'epoch'), 0, count(*) FROM archive GROUP BY 1, 2
) came GROUP BY 1, 2
"""


def upgrade() -> None:
    op.execute(TABLE)
    # Writers wait until what is there is counted, so that nothing is counted twice or not at all; readers do not.
    op.execute("LOCK TABLE contacts, archive IN SHARE ROW EXCLUSIVE MODE")
    op.execute(COUNTING)
    op.execute(SO_FAR)


def downgrade() -> None:
    op.execute("DROP FUNCTION count_growth CASCADE")
    op.execute("DROP TABLE growth")
