"""Keys are opened once for a domain's selector, whatever the number of contents."""

from __future__ import annotations

from typing import Any, cast

from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from email_gateway.content import dkim
from email_gateway.content.compose import Links
from email_gateway.outbound.composers import Composers


class CountingVault:
    """Opens as the vault does, and counts."""

    def __init__(self) -> None:
        self.vault = Vault(SECRET_KEYS)
        self.opened = 0

    def decrypt(self, sealed: bytes) -> bytes:
        self.opened += 1
        return self.vault.decrypt(sealed)


def test_a_key_is_opened_once_and_again_only_when_it_has_changed() -> None:
    counting = CountingVault()
    composers = Composers(
        cast(Any, None),
        cast(Any, counting),
        Links(public_url="https://wici.example", key=b"k" * 32, return_path_key=b"r" * 32),
    )
    old, new = (counting.vault.encrypt(dkim.new_private_key("rsa")) for _ in range(2))

    signers = [composers._signer("sklep.example", "wici1", old) for _ in range(5)]
    changed = composers._signer("sklep.example", "wici1", new)
    other = composers._signer("inny.example", "wici1", old)

    assert len({id(signer) for signer in signers}) == 1
    assert counting.opened == 3
    assert dkim.dns_record(changed) != dkim.dns_record(signers[0]) == dkim.dns_record(other)
    assert other.domain == b"inny.example"
