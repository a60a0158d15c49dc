"""Tokens and encryption, checked by libraries that did not make them."""

from __future__ import annotations

import base64
import struct
import time

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from keys_of_tests import P256, P256_PEM, RSA, RSA_PEM

from channel.providers import google
from channel.providers.google import is_rsa
from channel.providers.tokens import Remembered
from push_gateway.domain import proofs
from push_gateway.domain.push_services import KNOWN, is_push_service
from push_gateway.wires import apns, fcm, keys, web

NOW = 1_800_000_000
AUTH = bytes(range(16))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def test_google_can_verify_who_asks_for_an_access_token() -> None:
    account = google.ServiceAccount("shop", "push@shop.example", RSA_PEM)

    signed = google.assertion(account, "https://oauth2.googleapis.com/token", fcm.SCOPE, int(time.time()))

    claims = jwt.decode(signed, RSA.public_key(), ["RS256"], audience="https://oauth2.googleapis.com/token")
    assert (claims["iss"], claims["scope"]) == ("push@shop.example", fcm.SCOPE)
    assert claims["exp"] - claims["iat"] == 3600


def test_apple_can_verify_the_team() -> None:
    signed = apns.provider_token(apns.ApnsAccount("TEAM123456", "KEY1234567", P256_PEM, "com.shop", False), NOW)

    assert jwt.decode(signed, P256.public_key(), ["ES256"], options={"verify_iat": False}) == {
        "iss": "TEAM123456", "iat": NOW,
    }  # fmt: skip
    assert jwt.get_unverified_header(signed)["kid"] == "KEY1234567"


def test_a_push_service_can_verify_the_application_by_the_key_that_browsers_have() -> None:
    public, pem = keys.new_vapid()

    header = web.authorization(web.WebAccount(pem, "mailto:a@shop.example"), "https://push.example", int(time.time()))

    token, _, key = header.removeprefix("vapid t=").partition(",k=")
    assert key.rstrip("=") == public
    verifier = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), keys.decoded(public))
    assert jwt.decode(token, verifier, ["ES256"], audience="https://push.example")["sub"] == "mailto:a@shop.example"


def decrypted(body: bytes, receiver: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """RFC 8188 and RFC 8291, by hand."""
    salt, size, length = body[:16], struct.unpack(">I", body[16:20])[0], body[20]
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert len(sealed) <= size
    shared = receiver.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    info = b"WebPush: info\0" + point_of(receiver) + sender
    ikm = HKDF(hashes.SHA256(), 32, auth, info).derive(shared)
    pseudo = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(ikm)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(ikm)
    padded = AESGCM(pseudo).decrypt(nonce, sealed, None)
    return padded.rstrip(b"\0")[:-1]


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=3_993).filter(lambda body: body[-1] != 0))
def test_only_the_browser_reads_what_comes(body: bytes) -> None:
    subscription = {"p256dh": encoded(point_of(P256)), "auth": encoded(AUTH)}

    sealed = web.encrypted(body, subscription)

    assert decrypted(sealed, P256, AUTH) == body
    assert len(sealed) <= 4_096


@pytest.mark.parametrize(
    "given", [{"p256dh": "AAAA", "auth": "AAAA"}, {"p256dh": encoded(b"\4" + bytes(64)), "auth": encoded(AUTH)},
              {"p256dh": encoded(point_of(P256)), "auth": encoded(b"short")}, {"p256dh": "ą", "auth": "ą"}],
)  # fmt: skip
def test_keys_that_are_none_of_a_browser_are_told(given: dict[str, str]) -> None:
    assert not keys.are_of_a_browser(given)


def test_a_private_key_has_to_be_of_the_providers_kind() -> None:
    assert (is_rsa(RSA_PEM), keys.is_p256(P256_PEM)) == (True, True)
    assert (is_rsa(P256_PEM), keys.is_p256(RSA_PEM), is_rsa(b"junk")) == (False, False, False)


@pytest.mark.parametrize(
    ("endpoint", "is_one"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://db5.notify.windows.com/w/?token=x", True),
        ("https://web.push.apple.com/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com@evil.example/x", False),
        ("https://evil.example/fcm.googleapis.com", False),
        ("https://notify.windows.com.evil.example/x", False),
        ("https://evilnotify.windows.com.example/", False),
        ("https://[::1/x", False),
        ("https://evil.example\\.push.apple.com/x", False),
        ("https://fcm.googleapis.com/\\evil", False),
        ("https://127.0.0.1/x", False),
    ],
)
def test_a_browser_names_its_own_push_service_and_no_stranger(endpoint: str, is_one: bool) -> None:
    assert is_push_service(endpoint, KNOWN) is is_one


def test_a_proof_holds_for_one_person_and_one_key() -> None:
    proof = proofs.proof_of(b"key", "external_id", "42")

    assert proofs.is_right(b"key", "external_id", "42", proof)
    assert not proofs.is_right(b"key", "email", "42", proof)
    assert not proofs.is_right(b"other", "external_id", "42", proof)


def test_a_token_is_remembered_for_its_time_and_forgotten_once() -> None:
    now = 0.0
    remembered = Remembered(10.0, lambda: now)
    remembered.put("a", "first")
    remembered.forget("a", "another")
    assert remembered.get("a") == "first"

    now = 11.0
    assert remembered.get("a") is None
