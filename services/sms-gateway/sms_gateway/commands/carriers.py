"""Point SMS at a carrier: `python -m sms_gateway.commands.carriers put NAME HOST:PORT SYSTEM_ID [options]`.

Makes or changes the carrier and, where it has no route, a route for all numbers. Running processes notice within a
second. The password is read from the environment variable SMSC_PASSWORD, never from the command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from chassis.config import ConfigError, load, setting
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from contracts.errors import WiciError
from sms_gateway.store import carriers as store
from sms_gateway.usecases import carriers

# The shell knows no operator: the trail says at least whence it came.
REASON = "python -m sms_gateway.commands.carriers"


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    password: str = setting("SMSC_PASSWORD", default="", secret=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sms_gateway.commands.carriers", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    put = commands.add_parser("put", help="make or change a carrier")
    put.add_argument("name")
    put.add_argument("address", help="HOST:PORT")
    put.add_argument("system_id")
    put.add_argument("--binds", type=int, default=2)
    put.add_argument("--window", type=int, default=200)
    put.add_argument("--rate", type=int, default=0)
    put.add_argument("--bind-mode", default="transceiver")
    commands.add_parser("list", help="list carriers")
    options = parser.parse_args(arguments)
    try:
        config = load(Config, os.environ)
        database = Database(make_engine(config.database_url, pool_size=1))
        if options.command == "list":
            return _list(database)
        return _put(database, Vault(config.secret_keys), config.password, options)
    except (ConfigError, WiciError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _put(database: Database, vault: Vault, password: str, options: argparse.Namespace) -> int:
    host, _, port = options.address.rpartition(":")
    settings = {
        "host": host, "port": int(port), "system_id": options.system_id, "password": password, "binds": options.binds,
        "window": options.window, "rate": options.rate, "bind_mode": options.bind_mode,
    }  # fmt: skip
    with database.transaction() as session:
        carrier = carriers.put_carrier(session, vault=vault, name=options.name, reason=REASON, settings=settings)
        sys.stdout.write(f"carrier {carrier.name}: {carrier.id}\n")
    return 0


def _list(database: Database) -> int:
    with database.transaction() as session:
        for carrier in store.carriers(session):
            address, routes = f"{carrier.host}:{carrier.port}", len(store.routes_of(session, carrier.id))
            sys.stdout.write(f"{carrier.name}\t{address}\t{carrier.system_id}\t{carrier.enabled}\t{routes} routes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
