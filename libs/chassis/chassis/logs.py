"""JSON logs: a constant event name plus fields, with the trace and account ids of the work at hand.

Ids only: never bodies, addresses, phone numbers or codes. So an error's message is not written where it may quote a
value: PostgreSQL's ends with the row, Python's with what could not be read. Its type, its place and what a database
error says of itself without values (SQLSTATE, constraint) find the fault.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import orjson
import structlog

from contracts.errors import WiciError


def _errors_by_name(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`log.warning("step_failed", error=error)` is how an error gets into a line without its traceback."""
    for field, value in event.items():
        if field != "exc_info" and isinstance(value, BaseException):
            event[field] = _name(value)
    return event


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    _errors_by_name,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(service: str, process: str = "service", level: int | None = None) -> None:
    """Send every log line, structlog's and the standard library's, to stderr as one JSON object a line.

    :param level: the least that is written; unless it is given, what `WICI_LOG_LEVEL` names (debug, info, warning,
        error), else info.
    """
    wanted = os.environ.get("WICI_LOG_LEVEL", "").strip().lower()
    if level is None:
        level = _LEVELS.get(wanted, logging.INFO)
    structlog.contextvars.bind_contextvars(service=service, process=process)
    constants = {"service": service, "process": process}

    def add_constants(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        return {**constants, **event}

    renderer = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_PROCESSORS, add_constants],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(_without_values),
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode()),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(renderer)
    handler.addFilter(_name_errors)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # the broker module says the same in one line
    for noisy in ("kombu", "amqp", "nameko", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("nameko.containers").addFilter(_is_unexpected)
    structlog.configure(
        processors=[*_PROCESSORS, add_constants, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda failure: _on_uncaught(
        failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback
    )
    if wanted and wanted not in _LEVELS:
        get_logger().error("log_level_unknown", known=sorted(_LEVELS))


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught is a line like any other: a traceback over forty lines is no JSON, and may quote values."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    get_logger().critical("uncaught", exc_info=(kind, error, trace))


def _without_values(exc_info: Any) -> str:
    """The traceback of an error and of what led to it, first things first, as Python writes it."""
    parts: list[str] = []
    told: set[int] = set()
    error: BaseException | None = exc_info[1]
    while error is not None and id(error) not in told:  # who raises what it has caught before may make a circle
        told.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{_name(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def _name(error: BaseException) -> str:
    """Its type, and its message where that is our own or Python's word and not a value's."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    cause = getattr(error, "orig", None) or error  # SQLAlchemy's errors hold psycopg's
    if hasattr(cause, "sqlstate"):
        constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
        return f"{kind}: {type(cause).__name__} {cause.sqlstate or ''} {constraint}".rstrip()
    if isinstance(error, WiciError):
        return f"{kind}: {error.code}"
    return kind if isinstance(error, ValueError | LookupError) else f"{kind}: {error}"


def _name_errors(record: logging.LogRecord) -> bool:
    """Libraries put errors into their lines; Nameko does."""
    if isinstance(record.args, tuple):
        record.args = tuple(_name(arg) if isinstance(arg, BaseException) else arg for arg in record.args)
    return True


def _is_unexpected(record: logging.LogRecord) -> bool:
    """Nameko writes a traceback for each refusal: 13 % of what a refused log-in costs, and nothing to act on."""
    return not str(record.msg).startswith("(expected)")


def get_logger() -> Any:
    """A structured logger: `get_logger().info("campaign_started", campaign_id=…)`."""
    return structlog.get_logger()


def bind(**fields: Any) -> None:
    """Add fields to every later log line of this thread or greenlet; None removes one."""
    structlog.contextvars.unbind_contextvars(*[name for name, value in fields.items() if value is None])
    structlog.contextvars.bind_contextvars(**{name: value for name, value in fields.items() if value is not None})
