"""Plans that operators make, the terms accounts had them on, and invoices that cannot be rewritten."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLANS = """
ALTER TABLE plans ADD COLUMN listed boolean NOT NULL DEFAULT true;
UPDATE plans SET listed = false WHERE code = 'none';

CREATE TABLE plan_terms (
    id uuid NOT NULL CONSTRAINT pk_plan_terms PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_plan_terms_account_id REFERENCES accounts (id),
    plan_code varchar NOT NULL CONSTRAINT fk_plan_terms_plan_code REFERENCES plans (code),
    plan_name varchar NOT NULL,
    price_amount bigint NOT NULL,
    price_currency varchar NOT NULL,
    period_days bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    buyer jsonb
);
CREATE UNIQUE INDEX uq_plan_terms_start ON plan_terms (account_id, starts_at);
CREATE INDEX ix_plan_terms_plan_code ON plan_terms (plan_code);
INSERT INTO plan_terms
    SELECT gen_random_uuid(), a.id, p.code, p.name, p.price_amount, p.price_currency, p.period_days,
           a.plan_started_at, a.plan_ends_at, NULL
    FROM accounts a JOIN plans p ON p.code = a.plan_code;
"""

INVOICES = """
CREATE TABLE invoice_counters (
    series varchar NOT NULL,
    year bigint NOT NULL,
    last_number bigint NOT NULL,
    last_issued_on date NOT NULL,
    CONSTRAINT pk_invoice_counters PRIMARY KEY (series, year)
);

CREATE TABLE invoices (
    id uuid NOT NULL CONSTRAINT pk_invoices PRIMARY KEY,
    account_id uuid NOT NULL CONSTRAINT fk_invoices_account_id REFERENCES accounts (id),
    kind varchar NOT NULL CONSTRAINT ck_invoices_kind CHECK (kind IN ('invoice', 'correction')),
    series varchar NOT NULL,
    year bigint NOT NULL,
    sequence bigint NOT NULL,
    number varchar NOT NULL CONSTRAINT uq_invoices_number UNIQUE,
    state varchar NOT NULL CONSTRAINT ck_invoices_state CHECK (state IN ('issued', 'paid', 'cancelled')),
    issued_on date NOT NULL,
    sold_on date NOT NULL,
    due_on date NOT NULL,
    paid_on date,
    cancelled_on date,
    seller jsonb NOT NULL,
    buyer jsonb NOT NULL,
    lines jsonb NOT NULL,
    lines_before jsonb,
    vat_rates jsonb NOT NULL,
    currency varchar NOT NULL,
    net_amount bigint NOT NULL,
    vat_amount bigint NOT NULL,
    gross_amount bigint NOT NULL,
    exemption varchar NOT NULL,
    note varchar NOT NULL,
    corrects_id uuid CONSTRAINT fk_invoices_corrects_id REFERENCES invoices (id),
    request_key uuid CONSTRAINT uq_invoices_request_key UNIQUE,
    issued_by uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT ck_invoices_adds_up CHECK (net_amount + vat_amount = gross_amount),
    CONSTRAINT ck_invoices_correction_of CHECK (
        (kind = 'correction') = (corrects_id IS NOT NULL) AND (kind = 'correction') = (lines_before IS NOT NULL)
    )
);
CREATE UNIQUE INDEX uq_invoices_sequence ON invoices (series, year, sequence);
CREATE INDEX ix_invoices_account_id_id ON invoices (account_id, id);
CREATE INDEX ix_invoices_corrects_id ON invoices (corrects_id);
CREATE INDEX ix_invoices_unpaid ON invoices (due_on) WHERE state = 'issued';

CREATE TABLE invoice_duplicates (
    id uuid NOT NULL CONSTRAINT pk_invoice_duplicates PRIMARY KEY,
    invoice_id uuid NOT NULL CONSTRAINT fk_invoice_duplicates_invoice_id REFERENCES invoices (id),
    issued_on date NOT NULL,
    request_key uuid CONSTRAINT uq_invoice_duplicates_request_key UNIQUE,
    issued_by uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_invoice_duplicates_invoice_id ON invoice_duplicates (invoice_id);

CREATE TABLE plan_charges (
    term_id uuid NOT NULL CONSTRAINT fk_plan_charges_term_id REFERENCES plan_terms (id),
    period_starts_at timestamptz NOT NULL,
    invoice_id uuid NOT NULL CONSTRAINT fk_plan_charges_invoice_id REFERENCES invoices (id),
    CONSTRAINT pk_plan_charges PRIMARY KEY (term_id, period_starts_at)
);
CREATE INDEX ix_plan_charges_invoice_id ON plan_charges (invoice_id);
"""

# What an invoice says stays as it was issued: only what becomes of it (paid, cancelled) may be noted, and nothing is
# deleted. As with the audit trail, the service's own role lacks the privileges and a trigger refuses whoever has them.
IMMUTABLE = """
CREATE FUNCTION refuse_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'invoices' THEN
        IF to_jsonb(NEW) - 'state' - 'paid_on' - 'cancelled_on' = to_jsonb(OLD) - 'state' - 'paid_on' - 'cancelled_on'
           AND OLD.state <> 'cancelled' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'an invoice cannot be changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER invoices_immutable BEFORE UPDATE OR DELETE ON invoices
    FOR EACH ROW EXECUTE FUNCTION refuse_invoice_change();
CREATE TRIGGER invoice_duplicates_immutable BEFORE UPDATE OR DELETE ON invoice_duplicates
    FOR EACH ROW EXECUTE FUNCTION refuse_invoice_change();
REVOKE UPDATE, DELETE, TRUNCATE ON invoices, invoice_duplicates FROM CURRENT_USER;
GRANT UPDATE (state, paid_on, cancelled_on) ON invoices TO CURRENT_USER;
"""


def upgrade() -> None:
    for statements in (PLANS, INVOICES, IMMUTABLE):
        op.execute(statements)
