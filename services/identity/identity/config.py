"""What identity reads from its environment beyond what the chassis does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chassis.config import ConfigError, setting
from identity.domain.company import is_vat_number
from identity.domain.invoices import Issuer

SERIES, RATE = re.compile(r"[A-Z0-9]{1,10}"), re.compile(r"[0-9]{1,2}")

# The columns whose values lie under `WICI_SECRET_KEYS`: `chassis.resealing` looks at these and at no others.
SEALED = ("operators.totp_secret", "users.totp_secret")


@dataclass(frozen=True, kw_only=True)
class Config:
    """`WICI_SECRET_KEYS` seals TOTP seeds; `ARGON2_*` lets a test machine hash cheaply.

    `IDENTITY_ACCOUNTS_ON_TRIAL`: a new account sends only to addresses that it has proved until an operator ends its
    trial. `IDENTITY_SESSION_DAYS`: a session ends so long after its log-in, however much it is used. Links in mails
    lead to `WICI_PANEL_URL`, or to `WICI_PUBLIC_URL` where there is no panel.
    """

    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    panel_url: str = setting("WICI_PANEL_URL", default="")
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    session_days: int = setting("IDENTITY_SESSION_DAYS", default=30)
    accounts_on_trial: bool = setting("IDENTITY_ACCOUNTS_ON_TRIAL", default=True)
    argon2_memory_kib: int = setting("ARGON2_MEMORY_KIB", default=19_456)
    argon2_rounds: int = setting("ARGON2_ROUNDS", default=2)


@dataclass(frozen=True, kw_only=True)
class InvoicingConfig:
    """The seller that invoices name. Without name, address and VAT number nothing is invoiced."""

    seller_name: str = setting("INVOICE_SELLER_NAME", default="")
    seller_address: str = setting("INVOICE_SELLER_ADDRESS", default="")
    seller_vat_number: str = setting("INVOICE_SELLER_VAT_NUMBER", default="")
    seller_bank_account: str = setting("INVOICE_SELLER_BANK_ACCOUNT", default="")
    seller_email: str = setting("INVOICE_SELLER_EMAIL", default="")
    series: str = setting("INVOICE_SERIES", default="FV")
    correction_series: str = setting("INVOICE_CORRECTION_SERIES", default="FK")
    due_days: int = setting("INVOICE_DUE_DAYS", default=14)
    vat_rate: str = setting("INVOICE_VAT_RATE", default="23")

    @property
    def issuer(self) -> Issuer:
        """:raises ConfigError: names every setting that would spoil invoices."""
        self._check()
        return Issuer(
            name=self.seller_name,
            # A line break is written as a bar where a variable cannot hold one.
            address=self.seller_address.replace("|", "\n"),
            vat_number=self.seller_vat_number,
            bank_account=self.seller_bank_account,
            email=self.seller_email,
            series=self.series,
            correction_series=self.correction_series,
            due_days=self.due_days,
            vat_rate=self.vat_rate,
        )

    def _check(self) -> None:
        series = (self.series, self.correction_series)
        is_well_named = series[0] != series[1] and all(SERIES.fullmatch(each) for each in series)
        sound = {
            "INVOICE_SELLER_VAT_NUMBER is not a valid VAT number": is_vat_number(self.seller_vat_number),
            "INVOICE_SERIES and INVOICE_CORRECTION_SERIES are not two words of capitals and digits": is_well_named,
            "INVOICE_DUE_DAYS is not 0 to 365": 0 <= self.due_days <= 365,
            "INVOICE_VAT_RATE is not 0 to 99": bool(RATE.fullmatch(self.vat_rate)),
        }
        problems = [problem for problem, holds in sound.items() if not holds]
        if problems:
            raise ConfigError("; ".join(problems))
