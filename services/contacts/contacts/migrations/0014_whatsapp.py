"""The consent of a contact for WhatsApp, with its history."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE contacts ADD COLUMN whatsapp_consent boolean;
ALTER TABLE contacts ADD COLUMN whatsapp_consent_source text;
ALTER TABLE contacts ADD COLUMN whatsapp_consent_at timestamptz;
"""
# As `keep_consents` of the other channels (0002): one trigger more, so that neither costs the other anything.
HISTORY = """
CREATE FUNCTION keep_whatsapp_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.whatsapp_consent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent_changes
        WHERE account_id = OLD.account_id AND contact_id = OLD.id AND channel = 'whatsapp') THEN
        INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
        VALUES (OLD.account_id, OLD.id, 'whatsapp', OLD.whatsapp_consent, OLD.whatsapp_consent_source,
                OLD.whatsapp_consent_at, OLD.created_at);
    END IF;
    INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
    VALUES (NEW.account_id, NEW.id, 'whatsapp', NEW.whatsapp_consent, NEW.whatsapp_consent_source,
            NEW.whatsapp_consent_at, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_whatsapp_consents AFTER UPDATE ON contacts FOR EACH ROW
    WHEN ((OLD.whatsapp_consent, OLD.whatsapp_consent_source, OLD.whatsapp_consent_at)
        IS DISTINCT FROM (NEW.whatsapp_consent, NEW.whatsapp_consent_source, NEW.whatsapp_consent_at))
    EXECUTE FUNCTION keep_whatsapp_consents();
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(HISTORY)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
