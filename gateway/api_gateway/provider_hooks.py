"""What the hooks of carriers, Google, Meta and Viber have in common: names and secrets are guessed slowly, and a report
is safe before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from prometheus_client import Counter

from api_gateway.context import RequestContext
from api_gateway.directory import Directory
from api_gateway.wiring import Wiring
from contracts.errors import Forbidden, NotFound, Unavailable, WiciError

CONFIRM_SECONDS = 5.0


@dataclass(frozen=True)
class ProviderHooks:
    """The hooks of one kind of provider.

    :ivar noun: of what has a hook, as codes begin.
    :ivar is_name: whether it can be the name of one.
    :ivar ask: tells of the hook of that name. :ivar directory: where it is remembered.
    :ivar lane: that reports go into.
    :ivar requests: counts them by `outcome`.
    """

    noun: str
    is_name: Callable[[str], object]
    ask: Callable[[RequestContext, str], dict[str, Any]]
    directory: Callable[[Wiring], Directory]
    lane: str
    requests: Counter

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around the whole of a request."""
        try:
            yield
        except WiciError:
            self.requests.labels("refused").inc()
            raise
        self.requests.labels("taken").inc()

    def of(self, context: RequestContext) -> dict[str, Any]:
        """The hook that the path names. :raises NotFound: there is none."""
        name = context.payload["name"]
        if not self.is_name(name):
            raise NotFound(f"{self.noun}.not_found", f"There is no such {self.noun}.")
        known = self.directory(context.wiring)

        def ask() -> dict[str, Any]:
            if not known.had(name):
                context.wiring.guesses.refuse_if_used_up(*_guesses(context))
            try:
                return self.ask(context, name)
            except NotFound:
                _spend(context)
                raise

        return known.of(name, ask)

    def publish(self, context: RequestContext, report: dict[str, Any]) -> None:
        """:raises Unavailable: the broker has not confirmed it; the provider asks again."""
        broker = context.wiring.broker
        try:
            if broker is None:
                raise ConnectionError
            broker.publish(self.lane, orjson.dumps(report)).result(CONFIRM_SECONDS)
        except Exception:
            raise Unavailable("broker.unavailable", "The message broker does not answer.") from None


@contextmanager
def believing(context: RequestContext) -> Iterator[None]:
    """Around what shows whose the request is: one that is refused is a guess."""
    try:
        yield
    except WiciError:
        _spend(context)
        raise


def refused() -> Forbidden:
    return Forbidden("hook.refused", "Nothing shows that this is the carrier's.")


def _spend(context: RequestContext) -> None:
    """Who guesses names or secrets does so slowly; a provider's own requests cost nothing."""
    context.wiring.guesses.spend(*_guesses(context))


def _guesses(context: RequestContext) -> tuple[str, int]:
    return f"hook:{context.neighbourhood}", context.wiring.config.guess_rate
