"""Sign-up forms, their submissions, and the history of consents."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FORMS = """
CREATE TABLE forms (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    account_name    text NOT NULL DEFAULT '',
    name            text NOT NULL,
    title           text NOT NULL DEFAULT '',
    language        text NOT NULL DEFAULT 'pl',
    consent_texts   jsonb NOT NULL,
    consent_version integer NOT NULL DEFAULT 1,
    fields          jsonb NOT NULL,
    group_ids       uuid[] NOT NULL DEFAULT '{}',
    channels        text[] NOT NULL DEFAULT '{email}',
    sender          jsonb,
    submitted_url   text,
    confirmed_url   text,
    origins         text[] NOT NULL DEFAULT '{}',
    archived        boolean NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX forms_name ON forms (account_id, lower(name)) WHERE NOT archived;
CREATE INDEX forms_account ON forms (account_id, id);
-- A confirmed submission is the evidence of a consent: it outlives its form, and goes with its contact.
CREATE TABLE submissions (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    form_id         uuid NOT NULL,
    form_name       text NOT NULL,
    token_hash      bytea NOT NULL,
    email           text COLLATE "C" NOT NULL,
    given           jsonb NOT NULL,
    channels        text[] NOT NULL,
    language        text NOT NULL,
    consent_version integer NOT NULL,
    consent_text    text NOT NULL,
    submitted_at    timestamptz NOT NULL,
    submitted_from  text NOT NULL,
    submitted_agent text NOT NULL,
    expires_at      timestamptz NOT NULL,
    confirmed_at    timestamptz,
    confirmed_from  text,
    confirmed_agent text,
    contact_id      uuid,
    granted         text[] NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX submissions_token ON submissions (token_hash);
CREATE INDEX submissions_form ON submissions (account_id, form_id, id);
CREATE INDEX submissions_email ON submissions (account_id, email);
CREATE INDEX submissions_contact ON submissions (account_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX submissions_unconfirmed ON submissions (submitted_at) WHERE confirmed_at IS NULL;
-- Who was sent a confirmation mail in the last day, by a hash of the address: nobody is bombed with them.
CREATE TABLE confirmation_mails (
    address    bytea NOT NULL,
    account_id uuid NOT NULL,
    sent_at    timestamptz NOT NULL
);
CREATE INDEX confirmation_mails_address ON confirmation_mails (address, sent_at);
CREATE INDEX confirmation_mails_sent ON confirmation_mails (sent_at);
"""

# The contact itself holds its present consents; only what they change from is written down, by a trigger, so that every
# path that writes is in the history and a new list of a million costs nothing. The first change writes two rows: what
# it changes from has stood since the contact was made, for otherwise a row would be there. A row at a time costs 23 µs
# of CPU a changed consent and nothing elsewhere; a statement at a time would cost 14 µs, and 6 µs for any other update.
CONSENTS = """
CREATE TABLE consent_changes (
    position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  uuid NOT NULL,
    contact_id  uuid NOT NULL,
    channel     text NOT NULL,
    granted     boolean,
    source      text,
    at          timestamptz,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX consent_changes_contact ON consent_changes (account_id, contact_id, channel, position);
CREATE FUNCTION keep_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.sms_consent, OLD.sms_consent_source, OLD.sms_consent_at)
        IS DISTINCT FROM (NEW.sms_consent, NEW.sms_consent_source, NEW.sms_consent_at) THEN
        IF OLD.sms_consent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent_changes
            WHERE account_id = OLD.account_id AND contact_id = OLD.id AND channel = 'sms') THEN
            INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
            VALUES (OLD.account_id, OLD.id, 'sms', OLD.sms_consent, OLD.sms_consent_source, OLD.sms_consent_at,
                    OLD.created_at);
        END IF;
        INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
        VALUES (NEW.account_id, NEW.id, 'sms', NEW.sms_consent, NEW.sms_consent_source, NEW.sms_consent_at,
                clock_timestamp());
    END IF;
    IF (OLD.email_consent, OLD.email_consent_source, OLD.email_consent_at)
        IS DISTINCT FROM (NEW.email_consent, NEW.email_consent_source, NEW.email_consent_at) THEN
        IF OLD.email_consent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent_changes
            WHERE account_id = OLD.account_id AND contact_id = OLD.id AND channel = 'email') THEN
            INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
            VALUES (OLD.account_id, OLD.id, 'email', OLD.email_consent, OLD.email_consent_source, OLD.email_consent_at,
                    OLD.created_at);
        END IF;
        INSERT INTO consent_changes (account_id, contact_id, channel, granted, source, at, recorded_at)
        VALUES (NEW.account_id, NEW.id, 'email', NEW.email_consent, NEW.email_consent_source, NEW.email_consent_at,
                clock_timestamp());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_consents AFTER UPDATE ON contacts FOR EACH ROW
    WHEN ((OLD.sms_consent, OLD.sms_consent_source, OLD.sms_consent_at,
           OLD.email_consent, OLD.email_consent_source, OLD.email_consent_at)
        IS DISTINCT FROM (NEW.sms_consent, NEW.sms_consent_source, NEW.sms_consent_at,
           NEW.email_consent, NEW.email_consent_source, NEW.email_consent_at))
    EXECUTE FUNCTION keep_consents();
CREATE FUNCTION forget_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM consent_changes h USING changed WHERE h.account_id = changed.account_id AND h.contact_id = changed.id;
    DELETE FROM submissions s USING changed WHERE s.account_id = changed.account_id AND s.contact_id = changed.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_consents_gone AFTER DELETE ON contacts REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION forget_consents();
CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was recorded is not rewritten';
END $$;
CREATE TRIGGER consent_changes_stand BEFORE UPDATE ON consent_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite();
CREATE TRIGGER submissions_stand BEFORE UPDATE ON submissions
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION refuse_to_rewrite();
"""


def upgrade() -> None:
    for script in (FORMS, CONSENTS):
        op.execute(script)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
