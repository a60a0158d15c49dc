"""The addresses that a contact had before: its messages were sent there, and are told and forgotten with it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FORMER = """
CREATE TABLE former_addresses (
    account_id  uuid NOT NULL,
    contact_id  uuid NOT NULL,
    address     text COLLATE "C" NOT NULL,
    left_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, contact_id, address)
);
CREATE FUNCTION keep_former_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_addresses (account_id, contact_id, address)
    SELECT OLD.account_id, OLD.id, a FROM unnest(ARRAY[
        CASE WHEN OLD.email IS DISTINCT FROM NEW.email THEN OLD.email END,
        CASE WHEN OLD.phone IS DISTINCT FROM NEW.phone THEN OLD.phone END]) a
    WHERE a IS NOT NULL ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_former_addresses AFTER UPDATE OF email, phone ON contacts FOR EACH ROW
    WHEN ((OLD.email IS NOT NULL AND OLD.email IS DISTINCT FROM NEW.email)
        OR (OLD.phone IS NOT NULL AND OLD.phone IS DISTINCT FROM NEW.phone))
    EXECUTE FUNCTION keep_former_addresses();
CREATE FUNCTION forget_former_addresses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM former_addresses f USING changed WHERE f.account_id = changed.account_id AND f.contact_id = changed.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_former_addresses_gone AFTER DELETE ON contacts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_former_addresses();
"""


def upgrade() -> None:
    op.execute(FORMER)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
