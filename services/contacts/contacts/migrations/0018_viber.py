"""The address of a contact on Viber, its consent for it with its history, and since when addresses are known."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE contacts ADD COLUMN push_at timestamptz;
ALTER TABLE contacts ADD COLUMN viber text;
ALTER TABLE contacts ADD COLUMN viber_at timestamptz;
ALTER TABLE contacts ADD COLUMN viber_consent boolean;
ALTER TABLE contacts ADD COLUMN viber_consent_source text;
ALTER TABLE contacts ADD COLUMN viber_consent_at timestamptz;
"""
# As `keep_consents` of the other channels (0002): one trigger more, so that neither costs the other anything.
HISTORY = """
CREATE FUNCTION keep_viber_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.viber_consent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent_changes
        WHERE account_id = OLD.account_id AND contact_id = OLD.id AND channel = 'viber') THEN
        INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
        VALUES (OLD.account_id, OLD.id, 'viber', OLD.viber_consent, OLD.viber_consent_source,
                OLD.viber_consent_at, OLD.created_at);
    END IF;
    INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
    VALUES (NEW.account_id, NEW.id, 'viber', NEW.viber_consent, NEW.viber_consent_source,
            NEW.viber_consent_at, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_viber_consents AFTER UPDATE ON contacts FOR EACH ROW
    WHEN ((OLD.viber_consent, OLD.viber_consent_source, OLD.viber_consent_at)
        IS DISTINCT FROM (NEW.viber_consent, NEW.viber_consent_source, NEW.viber_consent_at))
    EXECUTE FUNCTION keep_viber_consents();
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(HISTORY)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
