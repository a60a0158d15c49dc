"""How the broker is reached: `AMQP_URL`, and for `amqps://` whose certificates are believed.

`AMQP_CA_FILE` is a PEM file of the authorities; without it the machine's own are asked. The certificate has to be of
the URL's host. (PostgreSQL takes the same from its URL: `?sslmode=verify-full&sslrootcert=/path/ca.pem`.)
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pika

from chassis.config import load, setting


@dataclass(frozen=True)
class _Config:
    ca_file: str = setting("AMQP_CA_FILE", default="")


def parameters_of(url: str) -> pika.URLParameters:
    """pika's parameters for the broker at `url`."""
    parameters = pika.URLParameters(url)
    if is_tls(url):
        context = ssl.create_default_context(cafile=load(_Config, os.environ).ca_file or None)
        parameters.ssl_options = pika.SSLOptions(context, parameters.host)
    return parameters


def kombu_ssl_of(url: str) -> dict[str, Any] | None:
    """The same for Nameko's connections (its setting `AMQP_SSL`); None without TLS."""
    if not is_tls(url):
        return None
    return {
        "ca_certs": load(_Config, os.environ).ca_file or None,
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": urlsplit(url).hostname,
    }


def is_tls(url: str) -> bool:
    return urlsplit(url).scheme == "amqps"
