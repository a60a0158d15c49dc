"""One mailbox has many spellings; brakes on mails to strangers count it once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mailboxes import domains_of, mailbox

LOCALS = st.text("abcXYZ019", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("spelled", "counted"),
    [
        ("Jan.Kowalski+sklep@GoogleMail.com", "jankowalski@gmail.com"),
        ("jan.kowalski@x.example", "jan.kowalski@x.example"),
        ("Jan@ŻÓŁW.example", "jan@xn--w-uga1v8h.example"),
        ("jan@x.example.", "jan@x.example"),
        ("+@x.example", "+@x.example"),
    ],
)
def test_a_mailbox_is_known_by_one_spelling(spelled, counted):
    assert mailbox(spelled) == counted


@given(LOCALS, st.lists(LOCALS, max_size=3), LOCALS, st.sampled_from(["gmail.com", "GoogleMail.COM", "gmail.com."]))
def test_dots_pluses_and_case_make_no_other_mailbox_at_gmail(local, tags, dotted, domain):
    plain = f"{local}{dotted}@gmail.com"
    spelled = f"{local.upper()}.{dotted}{''.join('+' + tag for tag in tags)}@{domain}"
    assert mailbox(spelled) == mailbox(plain) == mailbox(mailbox(spelled))
    assert mailbox(spelled).rpartition("@")[2] in domains_of(spelled)
