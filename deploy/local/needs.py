"""Who knows which secret: a process is given its own, and of its neighbours' none.

Everything else of the environment is every process's. The deployments for containers and Kubernetes give the same
(tests/contract/test_deployment.py).
"""

from __future__ import annotations

import re

from environment import Environment
from places import DATABASES

# Key rings by package; what each is for stands in docs/operations.md, Keys.
KEYS: dict[str, tuple[str, ...]] = {
    "identity": ("WICI_ACTOR_KEYS", "WICI_SECRET_KEYS"),
    "contacts": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS"),
    "campaigns": ("WICI_ACTOR_KEYS",),
    "sms_gateway": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_LINK_KEYS", "WICI_SECRET_KEYS"),
    "email_gateway": (
        "WICI_ACTOR_KEYS",
        "WICI_ERASURE_KEYS",
        "WICI_LINK_KEYS",
        "WICI_RETURN_PATH_KEYS",
        "WICI_SECRET_KEYS",
    ),
    "push_gateway": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_LINK_KEYS", "WICI_SECRET_KEYS"),
    "ott_gateway": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_SECRET_KEYS"),
    "rcs_gateway": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_SECRET_KEYS"),
    "viber_gateway": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_SECRET_KEYS"),
    "reporting": ("WICI_ACTOR_KEYS", "WICI_ERASURE_KEYS", "WICI_SECRET_KEYS"),
    "api_gateway": ("WICI_ACTOR_KEYS", "WICI_LINK_KEYS"),
    "wici_simulators": (),
}
_SECRET = re.compile(r"(\w+_)?(DATABASE_URL|AMQP_URL|PASSWORD)|WICI_\w+_KEYS")


def common(environ: Environment) -> Environment:
    """What every process may know."""
    return {name: value for name, value in environ.items() if not _SECRET.fullmatch(name)}


def of(package: str, environ: Environment) -> Environment:
    """What the processes of a package are given besides: its database, its user at the broker, its keys."""
    needed = {name: name for name in KEYS[package]}
    if package in DATABASES:
        own = package.upper()
        needed |= {f"{own}_DATABASE_URL": f"{own}_DATABASE_URL", "AMQP_URL": f"{own}_AMQP_URL"}
    return {name: environ[source] for name, source in needed.items() if source in environ}
