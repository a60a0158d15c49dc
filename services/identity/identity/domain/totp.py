"""Time-based codes (RFC 6238): six digits, 30-second steps, one step of clock drift either way, each code once."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1
ISSUER = "Wici"


def new_secret() -> str:
    """A new seed, in base32."""
    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """The `otpauth://` address that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: datetime, *, last_step: int) -> int | None:
    """The time step that `code` belongs to, or None; steps up to `last_step` have been used."""
    generator = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_SECONDS
    matched = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        expected = generator.generate_otp(step)
        if hmac.compare_digest(expected.encode(), code.encode("utf-8", "replace")) and step > last_step:
            matched = step
    return matched
