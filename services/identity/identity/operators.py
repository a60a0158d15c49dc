"""Operators are made here, never by the API: `python -m identity.operators add LOGIN EMAIL`.

Prints a one-time password, to be replaced at the first log-in, and the TOTP secret; neither is shown again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from datetime import UTC, datetime

from chassis.config import ConfigError, load
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from identity.config import Config
from identity.domain.totp import uri
from identity.hashing import Passwords
from identity.usecases.operators import add

LOGIN = re.compile(r"[a-z0-9]{5,20}")


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0: added; 1: the login is taken; 2: wrong arguments or configuration."""
    parser = argparse.ArgumentParser(prog="python -m identity.operators", description="Operators of the platform.")
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="add an operator")
    adding.add_argument("login", help="5 to 20 lower-case letters and digits")
    adding.add_argument("email")
    adding.add_argument("--json", action="store_true", help="print JSON")
    wanted = parser.parse_args(arguments)
    if not LOGIN.fullmatch(wanted.login):
        print("A login is 5 to 20 characters, lower-case letters and digits only.", file=sys.stderr)
        return 2
    url = os.environ.get("IDENTITY_DATABASE_URL")
    if not url:
        print("IDENTITY_DATABASE_URL is missing.", file=sys.stderr)
        return 2
    try:
        config = load(Config, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    database = Database(make_engine(url, pool_size=1, application_name="identity-operators"))
    made = add(
        database, Passwords(), Vault(config.secret_keys), datetime.now(UTC), login=wanted.login, email=wanted.email
    )
    database.dispose()
    if made is None:
        print(f"The login {wanted.login} is taken.", file=sys.stderr)
        return 1
    _show(wanted.login, *made, as_json=wanted.json)
    return 0


def _show(login: str, password: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"login": login, "password": password, "totp_secret": secret, "totp_uri": uri(secret, login)}))
        return
    print(f"Operator {login} added. Shown this once:")
    print(f"  one-time password  {password}")
    print(f"  TOTP secret        {secret}")
    print(f"  for the app        {uri(secret, login)}")


if __name__ == "__main__":
    sys.exit(main())
