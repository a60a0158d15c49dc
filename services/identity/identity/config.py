"""What identity reads from its environment beyond what the chassis does."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting
from identity.domain.invoices import Issuer


@dataclass(frozen=True, kw_only=True)
class Config:
    """`WICI_SECRET_KEYS` seals TOTP seeds; `ARGON2_*` lets a test machine hash cheaply.

    Links in mails lead to `WICI_PANEL_URL`, or to `WICI_PUBLIC_URL` where there is no panel.
    """

    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    panel_url: str = setting("WICI_PANEL_URL", default="")
    public_url: str = setting("WICI_PUBLIC_URL", default="http://127.0.0.1:8000")
    argon2_memory_kib: int = setting("ARGON2_MEMORY_KIB", default=19_456)
    argon2_rounds: int = setting("ARGON2_ROUNDS", default=2)


@dataclass(frozen=True, kw_only=True)
class InvoicingConfig:
    """Who sells, as it stands on invoices. Without name, address and VAT number nothing is invoiced."""

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
