"""E-mail addresses as they are kept."""

from __future__ import annotations

from contracts.domains import ascii_domain
from contracts.errors import Invalid


def normal_email(email: str, *, field: str = "email") -> str:
    """The address with its domain in lower-case IDNA form; the part before the @ is the recipient's business.

    :raises Invalid: the domain has no such form.
    """
    local, _, domain = email.rpartition("@")
    try:
        return f"{local}@{ascii_domain(domain)}"
    except UnicodeError:
        raise Invalid.of_field(field, "email.invalid", "Not a valid e-mail address.") from None
