"""Two checkouts on one machine that start at the same moment get servers of their own, whoever is faster."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg
import pytest
from environment import free_port
from private_servers import STOP, run

# The first look at a port finds it free, as if both had looked before either took it.
START = """
import json, sys
import environment, postgres, rabbitmq, system
seen = set()
def hasty(port):
    is_first = port not in seen
    seen.add(port)
    return is_first or environment.is_free(port)
rabbitmq.is_free = postgres.is_free = hasty
amqp, distribution, epmd, postgres.FIRST_PORT = map(int, sys.argv[1:])
rabbitmq.FIRST_PORTS = {"AMQP": amqp, "DISTRIBUTION": distribution, "EPMD": epmd}
environ, _ = system.servers()
print(json.dumps({"NODE": rabbitmq.NODE, **{key: environ[key] for key in ("AMQP_URL", "WICI_ADMIN_DATABASE_URL")}}))
"""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Path, dict[str, Any]]]]:
    """Two systems' folders with the addresses of their servers, started at once on the same first ports."""
    folders = [tmp_path_factory.mktemp(name) / ".run" for name in ("one", "other")]
    ports = [free_port(first) for first in (21000, 22000, 23000, 24000)]
    try:
        with ThreadPoolExecutor() as threads:
            said = list(threads.map(lambda folder: run(START, folder, *ports), folders))
        yield [(folder, json.loads(text.splitlines()[-1])) for folder, text in zip(folders, said, strict=True)]
    finally:
        for folder in folders:
            run(STOP, folder)


def node_at(url: str) -> str:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        return str(connection._impl.server_properties["cluster_name"])
    finally:
        connection.close()


def cluster_at(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return str(row[0])


def with_port_of(url: str, other: str) -> str:
    return url.replace(f":{urlsplit(url).port}/", f":{urlsplit(other).port}/")


def test_each_speaks_to_a_broker_of_its_own(two: list[tuple[Path, dict[str, Any]]]) -> None:
    (_, one), (_, other) = two

    assert one["NODE"] != other["NODE"]
    assert [node_at(system["AMQP_URL"]).split("@")[0] for _, system in two] == [
        system["NODE"].split("@")[0] for _, system in two
    ]
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        node_at(with_port_of(one["AMQP_URL"], other["AMQP_URL"]))


def test_each_speaks_to_a_database_of_its_own(two: list[tuple[Path, dict[str, Any]]]) -> None:
    (_, one), (_, other) = two

    for folder, system in two:
        assert cluster_at(system["WICI_ADMIN_DATABASE_URL"]) == str(folder.resolve() / "postgres/cluster")
    with pytest.raises(psycopg.OperationalError):
        cluster_at(with_port_of(one["WICI_ADMIN_DATABASE_URL"], other["WICI_ADMIN_DATABASE_URL"]))


def test_each_has_its_own_name_service_and_cookie(two: list[tuple[Path, dict[str, Any]]]) -> None:
    files = ("rabbitmq/ports", "rabbitmq/home/.erlang.cookie")
    read = [[(folder / file).read_text() for file in files] for folder, _ in two]

    assert not set(read[0][0].split()) & set(read[1][0].split())
    assert read[0][1] != read[1][1]


def test_what_lies_there_is_the_owners_alone(two: list[tuple[Path, dict[str, Any]]]) -> None:
    others = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
    for folder, _ in two:
        private = [
            folder,
            folder / "log",
            folder / "rabbitmq",
            folder / "secrets.env",
            folder / "rabbitmq/rabbitmq.conf",
        ]
        assert [path for path in private if path.stat().st_mode & others] == []
