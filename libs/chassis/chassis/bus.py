"""Set the message broker up, as an administrator and before the processes start: `python -m chassis.bus`.

Exchanges, queues and bindings are declared over `AMQP_URL`. Each service has a user, whom `<SERVICE>_AMQP_URL`
names with its password; what it may do follows from the contracts (`contracts.neighbours`, `contracts.events`). Users
are given to the management interface at `WICI_BROKER_MANAGEMENT_URL` (`http://user:password@host:15672`), or with
`--users FILE` written down for `rabbitmqctl import_definitions`.

A process itself declares only queues that go with it, and its RPC queue: the rest has to be there before.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import os
import re
import sys
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import orjson
import pika
import pika.exceptions

from chassis.amqp import parameters_of
from chassis.topology import LANES, RPC_EXCHANGE, dead_letters_of, declare_topology, event_exchange, event_queues
from contracts.events import EVENTS
from contracts.lanes import routing_keys
from contracts.neighbours import BROADCASTS, CALLS, LANE_READERS, LANE_WRITERS

SERVICES = tuple(CALLS)
_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ANYBODYS_REPLIES = rf"reply\..+\.{_ID}"


@dataclass(frozen=True)
class Grants:
    """What one user may do, as regular expressions over names.

    :param topics: by exchange: routing keys that it may publish with, and bind with.
    """

    configure: str
    write: str
    read: str
    topics: Mapping[str, tuple[str, str]]


def grants_of(service: str, user: str | None = None) -> Grants:
    """What a service needs of the broker, and no more.

    :param user: as whom it logs in: answers to its calls are its user's alone.
    """
    replies = rf"reply\.{re.escape(user or f'wici_{service}')}\.{_ID}"
    rpc_queue, own_events = f"rpc-{service}", event_exchange(service)
    broadcasts = [event for event, services in BROADCASTS.items() if service in services]
    # Queues of its own making: answers to its calls, and an event's in each of its processes.
    own = [rf"rpc\.{replies}", re.escape(rpc_queue), *(_broadcast_queue(event, service) for event in broadcasts)]
    lanes_read = [lane for lane, reader in LANE_READERS.items() if reader == service]
    lanes_written = [key for lane, writers in LANE_WRITERS.items() if service in writers for key in routing_keys(lane)]
    handled = [queue for _event, queue in event_queues() if f"--{service}." in queue]
    publishes = [own_events] if any(event.source == service for event in EVENTS) else []
    lanes_written += map(dead_letters_of, lanes_read)  # what it takes out of a message that fails in part
    written = [RPC_EXCHANGE, *publishes, *([LANES] if lanes_written else [])]
    bound = [RPC_EXCHANGE, *(event_exchange(event.source) for event in broadcasts)]
    return Grants(
        configure=_any(own),
        write=_any([*own, *map(re.escape, written)]),
        read=_any([*own, *map(re.escape, [*lanes_read, *handled, *bound])]),
        topics={
            RPC_EXCHANGE: (_any([_ANYBODYS_REPLIES, *map(_call, CALLS[service])]), _any([replies, rf"{service}\.\*"])),
            LANES: (_any(map(re.escape, lanes_written)), _any([])),
            **{event_exchange(event.source): (_any([]), _any([event.name])) for event in broadcasts},
        },
    )


def _broadcast_queue(event: Any, service: str) -> str:
    return rf"evt-{event.source}-{event.name}--{service}\.{_ID}"


def _call(name: str) -> str:
    return r"\w+\.\w+" if name == "*" else re.escape(name)


def _any(patterns: Iterable[str]) -> str:
    return f"^({'|'.join(patterns)})$"


def definitions(urls: Mapping[str, str]) -> dict[str, Any]:
    """Users and their rights as the broker imports them; who exists gets this password.

    :param urls: AMQP URL of each service, which names its user.
    """
    made: dict[str, Any] = {"users": [], "permissions": [], "topic_permissions": []}
    for service, url in urls.items():
        parts = urlsplit(url)
        user = {"user": unquote(parts.username or ""), "vhost": unquote(parts.path[1:]) or "/"}
        grants = grants_of(service, user["user"])
        hashed = _hashed(user["user"], unquote(parts.password or ""))
        made["users"].append(
            {"name": user["user"], "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256",
             "tags": ""}
        )  # fmt: skip
        made["permissions"].append(
            {**user, "configure": grants.configure, "write": grants.write, "read": grants.read}
        )  # fmt: skip
        made["topic_permissions"] += [
            {**user, "exchange": exchange, "write": write, "read": read}
            for exchange, (write, read) in grants.topics.items()
        ]
    return made


def _hashed(name: str, password: str) -> str:
    """As RabbitMQ keeps it. Its salt follows from both, so that who compares sees whether anything has changed."""
    salt = hmac.digest(password.encode(), name.encode(), "sha256")[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def declare(url: str) -> None:
    """Declare everything that the contracts name, as an administrator."""
    connection = pika.BlockingConnection(parameters_of(url))
    try:
        declare_topology(connection)
    finally:
        connection.close()


def import_users(management_url: str, made: Mapping[str, Any]) -> None:
    """Give definitions to the broker's management interface. :raises OSError: it does not take them."""
    parts = urlsplit(management_url)
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    request = urllib.request.Request(
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/api/definitions",
        orjson.dumps(made),
        {"Content-Type": "application/json"},
    )
    request.add_header("Authorization", f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m chassis.bus", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", metavar="FILE", help="write users and their rights there, and nothing else")
    options = parser.parse_args(arguments)
    management_url = os.environ.get("WICI_BROKER_MANAGEMENT_URL")
    try:
        if options.users:
            Path(options.users).write_bytes(orjson.dumps(definitions(_urls(os.environ))))
            return 0
        declare(with_password(os.environ["AMQP_URL"], os.environ))
        if management_url:
            import_users(with_password(management_url, os.environ), definitions(_urls(os.environ)))
    except KeyError as missing:
        print(f"{missing.args[0]} is not set", file=sys.stderr)
        return 2
    except (OSError, pika.exceptions.AMQPError) as error:
        print(f"the broker does not take it: {error!r}", file=sys.stderr)
        return 1
    return 0


def with_password(url: str, environ: Mapping[str, str]) -> str:
    """An administrator's URL with the password of `WICI_BROKER_PASSWORD`, whatever its characters, if it has none."""
    parts, password = urlsplit(url), environ.get("WICI_BROKER_PASSWORD")
    if parts.password is not None or not password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _urls(environ: Mapping[str, str]) -> dict[str, str]:
    """The services' URLs. :raises KeyError: naming one that is not there."""
    return {service: environ[f"{service.upper()}_AMQP_URL"] for service in SERVICES}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
