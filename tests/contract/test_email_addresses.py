"""One rule says what a recipient's address is, in requests and in imports."""

import marshmallow
import pytest

from contacts.domain import emails
from contracts.email_addresses import email_address
from contracts.errors import Invalid
from contracts.schema import field_errors
from email_gateway.content.compose import NotComposable, ascii_address
from email_gateway.submission import replies, syntax
from email_gateway.usecases import senders
from identity.domain.addresses import normal_email

RECIPIENTS = ["jan@poczta.example", "jan.nowak+1@a.b.c.pl", "JAN@Poczta.Example", "jan@xn--w-uga1v8h.example"]
NO_MAIL_DOMAINS = [
    "jan@localhost", "jan@localhost.", "jan@[127.0.0.1]", "jan@[IPv6:::1]", "jan@a.localhost", "jan@drukarka.local",
    "jan@a.test", "jan@a.invalid", "jan@abc.onion",
]  # fmt: skip
NO_ADDRESSES = ["jan", "jan@", "@poczta.example", "jan@poczta", "jan@127.0.0.1", "jan@10.0", "jan@a..example"]

LONGEST_LABEL = "a" * 63
TOO_LONG = {
    "a label of 64 octets": f"a{LONGEST_LABEL}.example",
    "a last label of 64 octets": f"poczta.a{LONGEST_LABEL}",
    "a label of 64 octets as an A-label": f"ł{LONGEST_LABEL[5:]}.example",  # 59 characters, 67 octets
    "a name of 254 octets": f"{'.'.join([LONGEST_LABEL] * 3)}.{'a' * 56}.wielk",
    "a name of 254 octets and more as A-labels": ".".join(["żółw"] * 20) + ".example",
}


class Request(marshmallow.Schema):
    to = email_address(required=True)


@pytest.mark.parametrize("address", RECIPIENTS)
def test_an_address_is_one_everywhere(address):
    assert Request().load({"to": address}) == {"to": address}
    assert emails.normalise(address) == address.lower()


@pytest.mark.parametrize("address", [*NO_MAIL_DOMAINS, *NO_ADDRESSES])
def test_what_is_no_recipient_is_none_anywhere(address):
    with pytest.raises(marshmallow.ValidationError):
        Request().load({"to": address})
    assert emails.normalise(address) is None


@pytest.mark.parametrize("address", ["jan@localhost", "jan@[127.0.0.1]"])
def test_what_has_the_form_of_an_address_is_refused_by_name(address):
    with pytest.raises(marshmallow.ValidationError) as refused:
        Request().load({"to": address})

    assert {error["code"] for error in field_errors(refused.value.messages)} == {"email.no_mail_domain"}


@pytest.mark.parametrize("domain", TOO_LONG.values(), ids=TOO_LONG)
def test_a_domain_longer_than_dns_takes_is_refused_at_every_door(domain):
    address = f"jan@{domain}"

    with pytest.raises(marshmallow.ValidationError):
        Request().load({"to": address})
    assert emails.normalise(address) is None
    assert syntax.recipient(f"TO:<{address}>") == replies.BAD_RECIPIENT
    assert syntax.mail(f"FROM:<{address}>", 1_000) == replies.BAD_SENDER
    with pytest.raises(NotComposable):
        ascii_address(address)
    with pytest.raises(Invalid):
        normal_email(address)
    with pytest.raises(Invalid):
        senders.ascii_domain(domain)


@pytest.mark.parametrize("domain", [f"{LONGEST_LABEL}.example", f"poczta.{LONGEST_LABEL}"])
def test_a_label_as_long_as_dns_takes_is_taken_at_every_door(domain):
    address = f"jan@{domain}"

    assert Request().load({"to": address}) == {"to": address}
    assert emails.normalise(address) == syntax.recipient(f"TO:<{address}>") == ascii_address(address) == address
    assert normal_email(address) == address
    assert senders.ascii_domain(domain) == domain


def test_an_address_longer_than_smtp_takes_is_refused_as_it_would_be_written():
    address = f"{'j' * 64}@" + ".".join(["żółw"] * 14) + ".pl"  # 137 characters, 263 octets
    assert len(ascii_address("j@" + address.rpartition("@")[2])) < 254

    with pytest.raises(marshmallow.ValidationError, match="254"):
        Request().load({"to": address})
    assert emails.normalise(address) is None
    assert syntax.recipient(f"TO:<{address}>") == replies.BAD_RECIPIENT
