"""Point SMS at a carrier from the shell: `python -m sms_gateway.carriers_cli put NAME HOST:PORT SYSTEM_ID [options]`.

Makes or changes the carrier and, where it has no route, a route for all numbers. Running connectors notice within a
second. The password is read from the environment variable SMSC_PASSWORD, never from the command line.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass

from chassis import acts
from chassis.config import ConfigError, load, setting
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from contracts.errors import WiciError
from contracts.events import SMS_GATEWAY_ACT
from sms_gateway import usecases
from sms_gateway.store import directory

# The shell knows no operator: the trail says at least whence it came.
REASON = "python -m sms_gateway.carriers_cli"


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("SMS_GATEWAY_DATABASE_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)
    password: str = setting("SMSC_PASSWORD", default="", secret=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m sms_gateway.carriers_cli", description=__doc__.split("\n")[0])
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
    fields = {
        "host": host, "port": int(port), "system_id": options.system_id, "password": password, "binds": options.binds,
        "window": options.window, "rate": options.rate, "bind_mode": options.bind_mode,
    }  # fmt: skip
    with database.transaction() as session:
        existing = directory.carrier_named(session, options.name)
        if existing is None:
            carrier = usecases.create_carrier(session, vault, {"name": options.name, **fields})
        else:
            carrier = usecases.update_carrier(session, vault, {"id": existing.id, "enabled": True, **fields})
        if not directory.routes_of(session, carrier.id):
            usecases.create_route(session, {"carrier_id": carrier.id})
        action = "carrier.created" if existing is None else "carrier.changed"
        acts.record(session, SMS_GATEWAY_ACT, {}, action, target_id=carrier.id, reason=REASON, name=carrier.name)
        sys.stdout.write(f"carrier {carrier.name}: {carrier.id}\n")
    return 0


def _list(database: Database) -> int:
    with database.transaction() as session:
        for carrier in directory.carriers(session):
            address, routes = f"{carrier.host}:{carrier.port}", len(directory.routes_of(session, carrier.id))
            sys.stdout.write(f"{carrier.name}\t{address}\t{carrier.system_id}\t{carrier.enabled}\t{routes} routes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
