"""Configuration: one frozen dataclass a process, read from the environment once, complete or fatal.

@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("IDENTITY_DATABASE_URL", secret=True)
    window: int = setting("SMS_WINDOW", default=50)

config = load(Config, os.environ)
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

C = TypeVar("C")
_REQUIRED = object()

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class ConfigError(Exception):
    """Every key that is missing or unreadable, in one message."""


def setting(key: str, *, default: Any = _REQUIRED, secret: bool = False) -> Any:
    """A dataclass field read from the environment variable `key`; a secret one is left out of `repr`."""
    metadata = {"key": key, "default": default}
    if default is _REQUIRED:
        return dataclasses.field(repr=not secret, metadata=metadata)
    return dataclasses.field(repr=not secret, metadata=metadata, default=default)


def load(cls: type[C], environ: Mapping[str, str]) -> C:
    """Build `cls` from `environ`; raises `ConfigError` naming all missing and all unreadable keys at once."""
    types = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        key, default = field.metadata["key"], field.metadata["default"]
        raw = environ.get(key, "")
        if raw == "":
            if default is _REQUIRED:
                problems.append(f"{key} is missing")
            else:
                values[field.name] = default
            continue
        try:
            values[field.name] = _PARSERS[types[field.name]](raw)
        except ValueError as error:
            problems.append(f"{key} {error}")
    if problems:
        raise ConfigError("configuration is incomplete: " + "; ".join(problems))
    return cls(**values)


def ensure_own_port(health_port: int, binds: Mapping[str, str]) -> None:
    """:param binds: `host:port` of what strangers may reach, by the setting's name; empty: it is not there.

    :raises ConfigError: `HEALTH_PORT` is one of these ports, so that metrics would be for everybody who comes there.
    """
    for name, bind in binds.items():
        if health_port and bind.rpartition(":")[2] == str(health_port):
            raise ConfigError(f"HEALTH_PORT is the port of {name}: metrics would be for everybody who comes there")


def _integer(raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise ValueError("is not a whole number") from None


def _number(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        raise ValueError("is not a number") from None


def _boolean(raw: str) -> bool:
    if raw.lower() in _TRUE:
        return True
    if raw.lower() in _FALSE:
        return False
    raise ValueError("is neither true nor false")


def _words(raw: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in raw.split(",") if word.strip())


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _integer,
    float: _number,
    bool: _boolean,
    tuple[str, ...]: _words,
}
