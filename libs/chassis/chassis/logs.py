"""JSON logs: a constant event name plus fields, with the trace and account ids of the work at hand.

Ids only: never bodies, addresses, phone numbers or codes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog

_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(service: str, process: str = "service", level: int = logging.INFO) -> None:
    """Send every log line, structlog's and the standard library's, to stderr as one JSON object a line."""
    structlog.contextvars.bind_contextvars(service=service, process=process)
    constants = {"service": service, "process": process}

    def add_constants(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        return {**constants, **event}

    renderer = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_PROCESSORS, add_constants],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str).decode()),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(renderer)
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
