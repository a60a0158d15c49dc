"""Terms of plans and invoices."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from identity.models.base import Base


class PlanTerm(Base):
    """An account's time on one plan, at the price it had at the start; `buyer` stays of a closed account that owes."""

    __tablename__ = "plan_terms"
    __table_args__ = (Index("uq_plan_terms_start", "account_id", "starts_at", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    plan_code: Mapped[str] = mapped_column(ForeignKey("plans.code"), index=True)
    plan_name: Mapped[str]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    period_days: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    buyer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class InvoiceCounter(Base):
    """The last number of a series in a year: locked by a transaction that issues, until it has ended."""

    __tablename__ = "invoice_counters"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int]
    last_issued_on: Mapped[date]


class Invoice(Base):
    """Issued once and never rewritten: the migration lets only `state`, `paid_on` and `cancelled_on` change."""

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("kind IN ('invoice', 'correction')", name="kind"),
        CheckConstraint("state IN ('issued', 'paid', 'cancelled')", name="state"),
        CheckConstraint("net_amount + vat_amount = gross_amount", name="adds_up"),
        CheckConstraint(
            "(kind = 'correction') = (corrects_id IS NOT NULL) AND (kind = 'correction') = (lines_before IS NOT NULL)",
            name="correction_of",
        ),
        Index("uq_invoices_sequence", "series", "year", "sequence", unique=True),
        Index("ix_invoices_account_id_id", "account_id", "id"),
        Index("ix_invoices_unpaid", "due_on", postgresql_where=text("state = 'issued'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    series: Mapped[str]
    year: Mapped[int]
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    issued_on: Mapped[date]
    sold_on: Mapped[date]
    due_on: Mapped[date]
    paid_on: Mapped[date | None]
    cancelled_on: Mapped[date | None]
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    lines_before: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    vat_rates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    currency: Mapped[str]
    net_amount: Mapped[int]
    vat_amount: Mapped[int]
    gross_amount: Mapped[int]
    exemption: Mapped[str]
    note: Mapped[str]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    request_key: Mapped[UUID | None] = mapped_column(unique=True)
    issued_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class InvoiceDuplicate(Base):
    """A duplicate of an invoice, as was handed out: the invoice again, marked, with the day it was made."""

    __tablename__ = "invoice_duplicates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), index=True)
    issued_on: Mapped[date]
    request_key: Mapped[UUID | None] = mapped_column(unique=True)
    issued_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class PlanCharge(Base):
    """A period of a term that has been invoiced; the key makes charging it twice impossible."""

    __tablename__ = "plan_charges"

    term_id: Mapped[UUID] = mapped_column(ForeignKey("plan_terms.id"), primary_key=True)
    period_starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), index=True)
