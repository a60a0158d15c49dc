"""Tables: columns, constraints, indexes; no behaviour."""

from __future__ import annotations

from identity.models.access import (
    ApiKey,
    ApiKeyUse,
    KnownDevice,
    LoginPlace,
    LoginThrottle,
    OneTimeLink,
    RecoveryCode,
    Session,
    SessionToken,
    TrustedDevice,
)
from identity.models.accounts import Account, Operator, Plan, Role, TrialNumber, User, UserRole
from identity.models.audit import AuditEntry
from identity.models.base import Base
from identity.models.billing import Invoice, InvoiceCounter, InvoiceDuplicate, PlanCharge, PlanTerm
from identity.models.quotas import QuotaPeriod, QuotaReservation

__all__ = [
    "Account",
    "ApiKey",
    "ApiKeyUse",
    "AuditEntry",
    "Base",
    "Invoice",
    "InvoiceCounter",
    "InvoiceDuplicate",
    "KnownDevice",
    "LoginPlace",
    "LoginThrottle",
    "OneTimeLink",
    "Operator",
    "Plan",
    "PlanCharge",
    "PlanTerm",
    "QuotaPeriod",
    "QuotaReservation",
    "RecoveryCode",
    "Role",
    "Session",
    "SessionToken",
    "TrialNumber",
    "TrustedDevice",
    "User",
    "UserRole",
]
