"""One rule says what a recipient's address is, in requests and in imports."""

import marshmallow
import pytest

from contacts.domain import emails
from contracts.email_addresses import email_address
from contracts.schema import field_errors

RECIPIENTS = ["jan@poczta.example", "jan.nowak+1@a.b.c.pl", "JAN@Poczta.Example", "jan@xn--w-uga1v8h.example"]
NO_MAIL_DOMAINS = [
    "jan@localhost", "jan@localhost.", "jan@[127.0.0.1]", "jan@[IPv6:::1]", "jan@a.localhost", "jan@drukarka.local",
    "jan@a.test", "jan@a.invalid", "jan@abc.onion",
]  # fmt: skip
NO_ADDRESSES = ["jan", "jan@", "@poczta.example", "jan@poczta", "jan@127.0.0.1", "jan@10.0", "jan@a..example"]


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
