"""Whose single addresses may leave under Wici's signature: what their domains say of it (RFC 9989)."""

from __future__ import annotations

import pytest

from email_gateway.domain.alignment import Policy, is_refused, names_to_ask, policy_of

AUTHOR, ABOVE, TOP = "_dmarc.news.sklep.example", "_dmarc.sklep.example", "_dmarc.example"


def test_the_tree_is_walked_in_eight_steps_at_most() -> None:
    assert names_to_ask("news.sklep.example") == [AUTHOR, ABOVE, TOP]
    deep = names_to_ask("a.b.c.d.e.f.g.h.i.example")
    assert (len(deep), deep[0], deep[1], deep[-1]) == (
        8, "_dmarc.a.b.c.d.e.f.g.h.i.example", "_dmarc.d.e.f.g.h.i.example", "_dmarc.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("author", "above", "top", "policy"),
    [
        ([], [], [], Policy.NONE),
        (["v=DMARC1; p=reject"], [], [], Policy.REJECT),
        (["V=DMARC1 ; P=Quarantine; sp=none"], [], [], Policy.QUARANTINE),
        (["v=DMARC1; p=none"], ["v=DMARC1; p=reject"], [], Policy.NONE),
        ([], ["v=DMARC1; p=reject"], [], Policy.REJECT),
        ([], ["v=DMARC1; p=reject; sp=none"], [], Policy.NONE),
        ([], ["v=DMARC1; p=none; sp=quarantine"], [], Policy.QUARANTINE),
        ([], ["v=DMARC1; p=none"], ["v=DMARC1; p=reject; psd=y"], Policy.NONE),
        ([], [], ["v=DMARC1; p=reject; psd=y"], Policy.REJECT),
        (["v=spf1 -all", "v=DMARC1; p=reject"], [], [], Policy.REJECT),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], [], [], Policy.NONE),
        (["v=DMARC1; rua=mailto:x@sklep.example"], ["v=DMARC1; p=reject"], [], Policy.NONE),
        (["v=DMARC1; p=nonsense"], [], [], Policy.NONE),
        (None, [], [], None),
        ([], None, [], None),
        (["v=DMARC1; p=reject"], None, None, Policy.REJECT),
    ],
)
def test_the_policy_is_the_domains_own_or_that_of_its_organisation(
    author: list[str] | None, above: list[str] | None, top: list[str] | None, policy: Policy | None
) -> None:
    assert policy_of("news.sklep.example", {AUTHOR: author, ABOVE: above, TOP: top}) is policy


def test_public_mailboxes_and_protected_domains_are_refused_and_silence_decides_nothing() -> None:
    public = ["gmail.com", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "outlook.com", "yahoo.com", "icloud.com"]
    assert all(is_refused(domain, None) for domain in public)
    assert is_refused("sklep.example", Policy.REJECT) and is_refused("sklep.example", Policy.QUARANTINE)
    assert not is_refused("sklep.example", Policy.NONE) and not is_refused("sklep.example", None)
