"""A domain with letters of other alphabets goes to its owner: IDNA 2008, and one piece of code for it."""

import re
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from contacts.domain import emails
from contracts.domains import ascii_domain
from contracts.webhook_urls import url_field
from email_gateway.content.compose import ascii_address
from email_gateway.usecases import senders
from identity.domain import company
from identity.domain.addresses import normal_email

ROOT = Path(__file__).parents[2]
# By IDNA 2003, and so by Python's own codec, the first two are `strasse.example` and `fass.example`: strangers.
DOMAINS = {
    "straße.example": "xn--strae-oqa.example",
    "faß.example": "xn--fa-hia.example",
    "βόλος.example": "xn--nxasmm1c.example",
    "Żółw.Example": "xn--w-uga1v8h.example",
    "Poczta.Example": "poczta.example",
}
CODEC = re.compile(r"(?:en|de)code\([^)]*['\"](?:idna|punycode)['\"]|encodings\.idna|import idna|from idna")


@pytest.mark.parametrize(("domain", "expected"), DOMAINS.items())
def test_every_service_writes_a_domain_alike(domain, expected):
    address = f"jan@{expected}"

    assert ascii_domain(domain) == expected
    assert emails.normalise(f"jan@{domain}") == address
    assert normal_email(f"jan@{domain}") == address
    assert ascii_address(f"jan@{domain}").lower() == address
    assert senders.ascii_domain(domain) == expected


@given(st.text("aßςżŻ.-xn1ł。", min_size=1, max_size=12))
def test_a_domain_that_is_written_stays_as_it_is(domain):
    try:
        written = ascii_domain(domain)
    except UnicodeError:
        return

    assert written.isascii() and ascii_domain(written) == written


def test_no_other_code_writes_domains():
    sources = [
        path
        for folder in ("services", "gateway", "libs", "simulators", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if "tests" not in path.parts
    ]
    found = {str(path.relative_to(ROOT)) for path in sources if CODEC.search(path.read_text())}

    assert found == {"libs/contracts/contracts/domains.py"}


def test_an_accounts_region_is_one_that_contacts_can_read_numbers_of():
    assert company.REGIONS == phonenumbers.SUPPORTED_REGIONS


@pytest.mark.parametrize("host", [f"{'a' * 64}.example", f"{'a.' * 130}example", "a..example"])
def test_a_webhooks_host_that_dns_cannot_hold_is_refused_by_a_rule_that_the_description_tells(host):
    """Not as a field of the wrong type: by the form that is described it is a URL."""
    field = url_field()
    with pytest.raises(ValidationError) as refused:
        field.deserialize(f"https://{host}/")
    assert [message.code for message in refused.value.messages] == ["webhook.url_refused"]
