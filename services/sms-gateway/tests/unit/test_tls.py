"""Binds over TLS to a real peer: who is believed, and what an operator is told of one who is not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from raw_carrier import Work, until
from tls_peer import PEM, Identity, TlsCarrier, identity, tls_carrier

from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import Command
from sms_gateway.smpp.ports import LinkSettings
from sms_gateway.smpp.tls import Tls, TlsInvalid

CA, OTHER_CA = identity(is_authority=True), identity("other", is_authority=True)
BY_ADDRESS = identity("127.0.0.1", by=CA)
BY_NAME = identity("smsc.example", by=CA)
EXPIRED = identity("127.0.0.1", by=CA, until=2021)
SELF_SIGNED = identity("elsewhere.example")
CLIENT, STRANGER = identity("wici", by=CA), identity("wici", by=OTHER_CA)

LOCKED = CLIENT.private.private_bytes(
    PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"passphrase")
).decode()


def told(carrier: TlsCarrier, tls: Tls | None) -> str | None:
    """What the first attempt to bind ends with; None where the bind stands."""

    async def run() -> str | None:
        work = Work(0)
        link = Link(LinkSettings("127.0.0.1", carrier.port, "wici", "secret", tls=tls), work)
        link.start()
        try:
            await until(lambda: work.news, 20)
            return link.last_error if work.news[0] == "unbound" else None
        finally:
            await link.stop(0.5)

    return asyncio.run(run())


def own(client: Identity) -> dict[str, Any]:
    return {"certificate": client.certificate, "key": client.key}


@pytest.mark.parametrize(
    ("server", "tls"),
    [
        (BY_ADDRESS, Tls(ca=CA.certificate)),
        (BY_NAME, Tls(ca=CA.certificate, server_name="smsc.example")),
        (SELF_SIGNED, Tls(pin=SELF_SIGNED.sha256)),
        (BY_NAME, Tls(pin=BY_NAME.sha256, ca=CA.certificate)),
        (SELF_SIGNED, Tls(ca=SELF_SIGNED.certificate, server_name="elsewhere.example")),
    ],
    ids=["by address", "by name", "pinned", "pinned and vouched for", "its own authority"],
)
def test_a_carrier_that_is_known_is_bound_to(server: Identity, tls: Tls, tmp_path: Path) -> None:
    with tls_carrier(tmp_path, server) as carrier:
        assert told(carrier, tls) is None
        assert carrier.asked_for[0] == tls.server_name  # an address is not sent as a name (RFC 6066 section 3)
        assert carrier.commands[0] == Command.BIND_TRANSCEIVER


@pytest.mark.parametrize(
    ("server", "tls", "words"),
    [
        (BY_ADDRESS, Tls(), "authority that is not believed: set tls_ca"),
        (BY_ADDRESS, Tls(ca=OTHER_CA.certificate), "authority that is not believed: set tls_ca"),
        (SELF_SIGNED, Tls(), "self-signed"),
        (BY_NAME, Tls(ca=CA.certificate), "not for this address: set tls_server_name"),
        (BY_NAME, Tls(ca=CA.certificate, server_name="other.example"), "for another name than the host's"),
        (EXPIRED, Tls(ca=CA.certificate), "has expired"),
        (BY_ADDRESS, Tls(pin=SELF_SIGNED.sha256), f"not the pinned one: its SHA-256 is {BY_ADDRESS.sha256}"),
        (SELF_SIGNED, Tls(pin=SELF_SIGNED.sha256, ca=CA.certificate), "nobody vouches for it"),
    ],
    ids=["system's", "another CA", "self-signed", "address", "name", "expired", "pin", "pinned and of no authority"],
)
def test_a_carrier_that_is_not_is_told_of_in_words_and_learns_no_password(
    server: Identity, tls: Tls, words: str, tmp_path: Path
) -> None:
    with tls_carrier(tmp_path, server) as carrier:
        assert words in str(told(carrier, tls))
        assert carrier.commands == []


@pytest.mark.parametrize(
    ("client", "words"),
    [(CLIENT, None), (None, "wants a client certificate"), (STRANGER, "does not believe the authority of our client")],
    ids=["ours", "none", "a stranger's"],
)
def test_a_carrier_may_want_a_client_certificate(client: Identity | None, words: str | None, tmp_path: Path) -> None:
    with tls_carrier(tmp_path, BY_ADDRESS, clients_of=CA) as carrier:
        found = told(carrier, Tls(ca=CA.certificate, **(own(client) if client else {})))

        assert carrier.clients == ([CLIENT.sha256] if client is CLIENT else [])
        assert found is None if words is None else words in str(found)


def test_a_carrier_without_tls_is_told_of(tmp_path: Path) -> None:
    with tls_carrier(tmp_path, BY_ADDRESS, speaks_tls=False) as carrier:
        assert "does not speak TLS" in str(told(carrier, Tls(ca=CA.certificate)))


@pytest.mark.parametrize(
    ("tls", "name"),
    [
        (Tls(ca="no PEM"), "tls_ca"),
        (Tls(ca="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), "tls_ca"),
        (Tls(certificate=CLIENT.certificate), "tls_key"),
        (Tls(key=CLIENT.key), "tls_certificate"),
        (Tls(certificate=CLIENT.certificate, key=STRANGER.key), "tls_key"),
        (Tls(certificate=CLIENT.certificate, key="no PEM"), "tls_key"),
        (Tls(certificate="", key=CLIENT.key), "tls_certificate"),
        (Tls(certificate=CLIENT.certificate, key=LOCKED), "tls_key"),
    ],
)
def test_what_no_connection_can_be_made_with_is_refused(tls: Tls, name: str) -> None:
    with pytest.raises(TlsInvalid) as refused:
        tls.check()
    assert refused.value.name == name


def test_a_key_leaves_no_trace(tmp_path: Path) -> None:
    tls = Tls(ca=CA.certificate, **own(CLIENT))
    tls.check()

    assert CLIENT.key not in repr(tls)
