"""`python -m wici_simulators.rcs`: run the simulated RCS of Google until SIGTERM."""

from __future__ import annotations

from functools import partial

from wici_simulators import serving
from wici_simulators.http_server import serve
from wici_simulators.rcs.platform import Platform
from wici_simulators.rcs.settings import Settings


def main() -> None:
    settings = Settings()
    answers = partial(serve, Platform(settings))
    serving.main("wici_simulators.rcs", "RCS of Google", settings, answers, port_key="WICI_RCS_PORT", port=12681)


if __name__ == "__main__":
    main()
