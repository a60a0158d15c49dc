"""`python -m wici_simulators.push`: run the simulated push providers until SIGTERM."""

from __future__ import annotations

from functools import partial

from wici_simulators import serving
from wici_simulators.http_server import serve
from wici_simulators.push.providers import Providers
from wici_simulators.push.settings import Settings


def main() -> None:
    settings = Settings()
    answers = partial(serve, Providers(settings))
    serving.main("wici_simulators.push", "push providers", settings, answers, port_key="WICI_PUSH_PORT", port=12680)


if __name__ == "__main__":
    main()
