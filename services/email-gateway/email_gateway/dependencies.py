"""Nameko dependency providers of this service's own."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import dns.exception
import dns.resolver
from nameko.extensions import DependencyProvider

from chassis.config import load
from chassis.confined import Confined
from chassis.ids import new_id
from chassis.secrets import Vault
from email_gateway.config import Config
from email_gateway.content.compose import Links
from email_gateway.smtp.resolvers import configured
from email_gateway.spam_filters import judge_at
from email_gateway.usecases.ports import Tools

DNS_SECONDS = 5.0
LINK_SECONDS = 5.0
HTTPS = 443
KEY_SECONDS = 10.0
PATIENCE_SECONDS = 8.0  # whoever asks by RPC has given up after ten

_keys = Confined("email_gateway.content.dkim:new_private_key", processes=1)


class EmailTools(DependencyProvider):
    """Makes `Tools` once per process."""

    def setup(self) -> None:
        config = load(Config, os.environ)
        self._tools = Tools(
            config=config,
            vault=Vault(config.secret_keys),
            links=Links(
                public_url=config.public_url.rstrip("/"), key=config.link_key, return_path_key=config.return_path_key
            ),
            new_id=new_id,
            new_key=_new_key,
            look_up=lambda name, kind: look_up(name, kind, config.nameservers),
            judge=judge_at(config.spam_filter),
            serves_links=lambda host: serves_links(host, config.public_url),
        )

    def get_dependency(self, worker_ctx: Any) -> Tools:
        return self._tools


def _new_key(algorithm: str, account_id: UUID) -> bytes:
    """RSA key generation takes 50 to 500 ms of CPU: one at a time in a process of its own, and in turn by account.

    :raises Unavailable: too many wait.
    """
    key: bytes = _keys.call(algorithm, seconds=KEY_SECONDS, patience=PATIENCE_SECONDS, owner=account_id)
    return key


def look_up(name: str, kind: str, nameservers: tuple[str, ...] = ()) -> list[str] | None:
    """Values of the records in DNS, TXT strings joined; None when the name servers do not answer."""
    resolver = configured(dns.resolver.Resolver, nameservers, lifetime=DNS_SECONDS)
    try:
        answer = resolver.resolve(name, kind)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text() for record in answer]


def serves_links(host: str, public_url: str) -> bool:
    """Whether our own public address answers for the host, over TLS and with a certificate of its name.

    We go to our own address, wherever the host leads: nobody has us call strangers. What is asked for is the pixel.
    """
    ours = urlsplit(public_url)
    if ours.scheme != "https" or ours.hostname is None:
        return False
    try:
        with (
            socket.create_connection((ours.hostname, ours.port or HTTPS), LINK_SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.sendall(f"GET /o/- HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(secure)
            answer.begin()
            return answer.status == 200 and answer.headers.get_content_type() == "image/gif"
    except (OSError, http.client.HTTPException):  # a bad certificate is an OSError
        return False
