"""Operators are made here, never by the API.

    python -m identity.commands.operators add LOGIN EMAIL     # a one-time password and a TOTP secret, shown this once
    python -m identity.commands.operators reset LOGIN         # new ones for who has lost them; old sessions end
    python -m identity.commands.operators disable LOGIN       # shut out at once
    python -m identity.commands.operators unlock LOGIN        # forget failed log-ins, wherever they came from

The one-time password is replaced at the first log-in.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.config import ConfigError, load, setting
from chassis.database import Database, make_engine
from chassis.secrets import Vault
from identity.domain.totp import uri
from identity.hashing import Passwords
from identity.usecases import operators

LOGIN = re.compile(r"[a-z0-9]{5,20}")
DONE, REFUSED, WRONG = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("IDENTITY_DATABASE_URL", secret=True)
    secret_keys: str = setting("WICI_SECRET_KEYS", secret=True)


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Exit code 0: done; 1: the login is taken, or there is none such; 2: wrong arguments or configuration."""
    options = _parser().parse_args(arguments)
    if not LOGIN.fullmatch(options.login):
        return _complain("A login is 5 to 20 characters, lower-case letters and digits only.", WRONG)
    try:
        config = load(Config, environ)
    except ConfigError as error:
        return _complain(str(error), WRONG)
    database = Database(make_engine(config.database_url, pool_size=1, application_name="identity-operators"))
    try:
        return _act(database, Vault(config.secret_keys), options)
    finally:
        database.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m identity.commands.operators", description="Operators of the platform."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("add", "add an operator"),
        ("reset", "new one-time password and TOTP secret"),
        ("disable", "shut an operator out"),
        ("unlock", "forget an operator's failed log-ins"),
    ):
        command = commands.add_parser(name, help=summary)
        command.add_argument("login", help="5 to 20 lower-case letters and digits")
        if name == "add":
            command.add_argument("email")
        if name in ("add", "reset"):
            command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _act(database: Database, vault: Vault, options: argparse.Namespace) -> int:
    now, login = datetime.now(UTC), options.login
    if options.command == "disable":
        if not operators.disable(database, now=now, login=login):
            return _complain(f"There is no operator {login}.", REFUSED)
        print(f"Operator {login} is shut out.")
        return DONE
    if options.command == "unlock":
        if not operators.unlock(database, now=now, login=login):
            return _complain(f"There is no operator {login}.", REFUSED)
        print(f"Failed log-ins of operator {login} are forgotten.")
        return DONE
    if options.command == "add":
        made = operators.add(database, passwords=Passwords(), vault=vault, now=now, login=login, email=options.email)
        refusal = f"The login {login} is taken."
    else:
        made = operators.reset(database, passwords=Passwords(), vault=vault, now=now, login=login)
        refusal = f"There is no operator {login}."
    if made is None:
        return _complain(refusal, REFUSED)
    _show(login, *made, as_json=options.json)
    return DONE


def _show(login: str, password: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"login": login, "password": password, "totp_secret": secret, "totp_uri": uri(secret, login)}))
        return
    print(f"Operator {login}. Shown this once:")
    print(f"  one-time password  {password}")
    print(f"  TOTP secret        {secret}")
    print(f"  for the app        {uri(secret, login)}")


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
