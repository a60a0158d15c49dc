"""Signatures are those that Standard Webhooks' own libraries verify: of PyPI, and of npm where it can be had."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from reporting.domain.webhooks import shown_secret, signed_headers

VERSION = "1.1.1"
ROOT = Path(__file__).parents[4]
HERE = ROOT / ".run" / "npm" / f"standardwebhooks-{VERSION}"
BODIES = (
    b"[]",
    '[{"data": {"address": "za\u017c\u00f3\u0142\u0107@sklep.example", "n": 1e3}}]'.encode(),
    b'["\\u0000 \\\\"]',
)
OLD, NEW, STRANGE = b"old" * 8, b"new" * 8, b"far" * 8

Request = tuple[bytes, dict[str, str], str]
"""Secret, headers and body."""


def signed(body: bytes, secrets: Sequence[bytes], with_secret: bytes) -> Request:
    return with_secret, dict(signed_headers(uuid4(), datetime.now(UTC), body, secrets)), body.decode()


GOOD = [signed(body, secrets, secret) for body in BODIES for secrets, secret in (
    ([NEW], NEW), ([NEW, OLD], OLD), ([NEW, OLD], NEW),
)]  # fmt: skip
BAD = [
    signed(BODIES[1], [NEW], STRANGE),
    (*signed(BODIES[0], [NEW], NEW)[:2], "[1]"),
    (NEW, signed(BODIES[0], [NEW], NEW)[1] | {"webhook-timestamp": "1700000000"}, "[]"),
]


def test_the_library_of_pypi_verifies_them() -> None:
    for secret, headers, body in GOOD:
        assert Webhook(shown_secret(secret)).verify(body, headers) == json.loads(body)
    for secret, headers, body in BAD:
        with pytest.raises(WebhookVerificationError):
            Webhook(shown_secret(secret)).verify(body, headers)


def test_the_library_of_npm_verifies_them() -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("NOT VERIFIED WITH NPM'S standardwebhooks: there is no Node.js here")
    if not (HERE / "node_modules" / "standardwebhooks").is_dir():
        HERE.mkdir(parents=True, exist_ok=True)
        asked = [npm, "install", "--silent", "--no-save", "--prefix", str(HERE), f"standardwebhooks@{VERSION}"]
        if subprocess.run(asked, check=False, timeout=120, capture_output=True).returncode:
            pytest.skip("NOT VERIFIED WITH NPM'S standardwebhooks: it cannot be had here")
    asked_of = [
        {"secret": shown_secret(secret), "headers": headers, "body": body} for secret, headers, body in (*GOOD, *BAD)
    ]

    answer = subprocess.run(
        [node, Path(__file__).parents[1] / "verify.mjs", HERE / "node_modules"], input=json.dumps(asked_of), text=True,
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip

    assert answer.stdout.split() == ["verified"] * len(GOOD) + ["WebhookVerificationError"] * len(BAD)
