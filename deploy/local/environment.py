"""The environment of every process: ports, secrets, addresses of the servers.

What a person sets (in the shell, else in `.env`) wins over what is made here. Secrets are made once, into
`.run/secrets.env`; the whole environment of the running system stands in `.run/env` for people and programs.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from places import DATABASES, ROOT, RUN, VENV
from progress import Trouble

Environment = dict[str, str]

# WICI_PORT_OFFSET moves all of them together, for a second system beside the first.
PORTS = {
    "WICI_GATEWAY_PORT": 8000,
    "WICI_SMPP_PORT": 2775,
    "WICI_SMPP_TLS_PORT": 3550,
    "WICI_SUBMISSION_PORT": 2587,
    "WICI_SUBMISSIONS_PORT": 2465,
    "WICI_MAILROOM_PORT": 2525,
    "WICI_SMSC_PORT": 12775,
    "WICI_SMSC_HTTP_PORT": 12780,
    "WICI_MAILBOX_PORT": 12525,
    "WICI_MAILBOX_HTTP_PORT": 12580,
    "WICI_PUSH_PORT": 12680,
    "WICI_OTT_PORT": 12790,
    "WICI_RCS_PORT": 12681,
    # Each process has its health and metrics on the next port from here.
    "WICI_HEALTH_PORT_BASE": 18100,
}
SELLER = {
    "INVOICE_SELLER_NAME": "Wici, system próbny",
    "INVOICE_SELLER_ADDRESS": "ul. Próbna 1|00-001 Warszawa",
    "INVOICE_SELLER_VAT_NUMBER": "1234563218",
}
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def given() -> Environment:
    """What the person says: the process's own environment over the `.env` of the checkout."""
    return {**read(ROOT / ".env"), **os.environ}


def base() -> Environment:
    """Ports, secrets and paths: everything but the addresses of PostgreSQL and RabbitMQ."""
    environ = given()
    offset = int(environ.get("WICI_PORT_OFFSET") or 0)
    for key, port in PORTS.items():
        environ[key] = environ.get(key) or str(port + offset)
    for key, secret in generated_secrets().items():
        environ[key] = environ.get(key) or secret
    environ["WICI_PUBLIC_URL"] = environ.get("WICI_PUBLIC_URL") or f"http://127.0.0.1:{environ['WICI_GATEWAY_PORT']}"
    environ["GATEWAY_BIND"] = f"127.0.0.1:{environ['WICI_GATEWAY_PORT']}"
    environ["GATEWAY_SPOOL_FOLDER"] = environ.get("GATEWAY_SPOOL_FOLDER") or str(RUN / "spool/api_gateway")
    environ.setdefault("GATEWAY_PANEL_FOLDER", str(ROOT / "panel/dist"))  # served once it is built
    environ["CAMPAIGNS_FILES"] = environ.get("CAMPAIGNS_FILES") or str(RUN / "files")
    # Mail of the local system goes to the mailbox world, its own notices included, and what is deferred there comes
    # again within seconds; a real installation sends to the recipients' servers and waits for minutes.
    environ["EMAIL_DEFAULT_ROUTE"] = (
        environ.get("EMAIL_DEFAULT_ROUTE") or f"smtp://127.0.0.1:{environ['WICI_MAILBOX_PORT']}"
    )
    environ["EMAIL_RETRY_BASE_SECONDS"] = environ.get("EMAIL_RETRY_BASE_SECONDS") or "3"
    # So do pushes, to the simulated providers.
    push = f"http://127.0.0.1:{environ['WICI_PUSH_PORT']}"
    environ["PUSH_FCM_URL"] = environ.get("PUSH_FCM_URL") or push
    environ["PUSH_FCM_TOKEN_URL"] = environ.get("PUSH_FCM_TOKEN_URL") or f"{push}/token"
    environ["PUSH_APNS_URL"] = environ.get("PUSH_APNS_URL") or push
    environ["PUSH_APNS_SANDBOX_URL"] = environ.get("PUSH_APNS_SANDBOX_URL") or push
    environ["PUSH_WEB_HOSTS"] = environ.get("PUSH_WEB_HOSTS") or push
    ott = f"http://127.0.0.1:{environ['WICI_OTT_PORT']}"
    environ["OTT_WHATSAPP_URL"] = environ.get("OTT_WHATSAPP_URL") or ott
    environ["VIBER_URL"] = environ.get("VIBER_URL") or ott
    rcs = f"http://127.0.0.1:{environ['WICI_RCS_PORT']}"
    environ["RCS_URL"] = environ.get("RCS_URL") or rcs
    environ["RCS_TOKEN_URL"] = environ.get("RCS_TOKEN_URL") or f"{rcs}/token"
    # Tests and trials register as often as they like, all from this machine.
    environ["GATEWAY_REGISTRATION_RATE"] = environ.get("GATEWAY_REGISTRATION_RATE") or "0"
    environ["GATEWAY_DEVICE_RATE"] = environ.get("GATEWAY_DEVICE_RATE") or "0"
    # Somebody has to sell, or the local system could not show an invoice.
    environ.update({key: environ.get(key) or value for key, value in SELLER.items()})
    environ["WICI_RUN"] = str(RUN)
    environ["WICI_DEVELOPMENT"] = "1"  # keys of the tests, known to everybody, are good enough here
    environ["PATH"] = os.pathsep.join([str(VENV / "bin"), environ.get("PATH", os.defpath)])
    environ["VIRTUAL_ENV"] = str(VENV)
    environ["PYTHONUNBUFFERED"] = "1"
    # Where it is set, each of the processes compiles all of our modules at every start.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Nameko and eventlet warn of themselves at every start.
    environ["PYTHONWARNINGS"] = environ.get("PYTHONWARNINGS") or "ignore"
    return environ


def with_servers(environ: Environment, *, admin_url: str, amqp_url: str) -> Environment:
    """The same with the addresses of the servers, and those by which each service knows them.

    The administrators' are for jobs and people: migrations, tests, `make operator`.
    """
    complete = {**environ, "WICI_ADMIN_DATABASE_URL": admin_url, "AMQP_URL": amqp_url}
    for service in DATABASES:
        key = f"{service.upper()}_DATABASE_URL"
        password = environ[f"{service.upper()}_DATABASE_PASSWORD"]
        complete[key] = environ.get(key) or database_url(admin_url, service, password)
        key = f"{service.upper()}_AMQP_URL"
        complete[key] = environ.get(key) or broker_url(environ, amqp_url, service)
    complete["WICI_TEST_DATABASE_URL"] = environ.get("WICI_TEST_DATABASE_URL") or admin_url
    complete["WICI_TEST_AMQP_URL"] = environ.get("WICI_TEST_AMQP_URL") or amqp_url
    return complete


def database_url(admin_url: str, service: str, password: str) -> str:
    """The service's own role and database on the administrator's server."""
    parts = urlsplit(admin_url)
    server = parts.netloc.rpartition("@")[2]
    name = f"wici_{service}"
    return urlunsplit((parts.scheme, f"{name}:{quote(password)}@{server}", f"/{name}", parts.query, ""))


def broker_url(environ: Environment, admin_url: str, service: str) -> str:
    """The service's own user at our broker; at one that is given, whose users are not ours to make, the given one."""
    if environ.get("AMQP_URL"):
        return admin_url
    parts = urlsplit(admin_url)
    user = f"wici_{service}:{environ[f'{service.upper()}_BROKER_PASSWORD']}"
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}"))


def generated_secrets() -> Environment:
    """Keys and passwords of this system, made on the first call and the same ever after."""
    path = RUN / "secrets.env"
    found = read(path)
    wanted = {
        "WICI_SECRET_KEYS": lambda: f"k1:{_key()}",
        "WICI_ACTOR_KEYS": lambda: f"k1:{_key()}",
        "WICI_ERASURE_KEYS": lambda: f"k1:{_key()}",
        "WICI_LINK_KEYS": _key,
        "WICI_RETURN_PATH_KEYS": _key,
        "WICI_DATABASE_PASSWORD": lambda: secrets.token_hex(16),
        "WICI_BROKER_PASSWORD": lambda: secrets.token_hex(16),
        **{
            f"{service.upper()}_{server}_PASSWORD": lambda: secrets.token_hex(16)
            for service in DATABASES
            for server in ("DATABASE", "BROKER")
        },
    }
    if any(key not in found for key in wanted):
        found = {key: found.get(key) or make() for key, make in wanted.items()}
        write(path, found)
    return found


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def read(path: Path) -> Environment:
    """A file of KEY=VALUE lines; empty when there is none."""
    values: Environment = {}
    lines = path.read_text().splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise Trouble(f"{path}, line {number}: expected KEY=VALUE")
        value = match[2].strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[match[1]] = value
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    """KEY='VALUE' lines that a shell can source too, readable by the owner alone from the first byte on."""
    write_private(path, "".join(f"{key}='{value}'\n" for key, value in values.items()))


def write_private(path: Path, text: str) -> None:
    """A file that is its owner's alone from the first byte on, and never half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def running() -> Environment:
    """The environment of the system that is up (or was last), as `make up` wrote it."""
    path = RUN / "env"
    if not path.exists():
        raise Trouble("Nothing is up here: make up")
    return {**base(), **read(path)}


def record(environ: Environment) -> None:
    """Write what is ours of `environ` into `.run/env`: addresses, ports and keys, nothing of the person's shell."""
    mine = re.compile(r"WICI_.*|AMQP_URL|.*_DATABASE_URL|.*_AMQP_URL")
    write(RUN / "env", {key: environ[key] for key in sorted(environ) if mine.fullmatch(key)})


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1 (nor on every address)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port(first: int) -> int:
    """The first free port from `first` on."""
    for port in range(first, first + 500):
        if is_free(port):
            return port
    raise Trouble(f"No free port between {first} and {first + 500} on 127.0.0.1")
