"""`python -m wici_simulators.ott`: run the simulated WhatsApp and Viber until SIGTERM."""

from __future__ import annotations

from functools import partial

from wici_simulators import serving
from wici_simulators.http_server import serve
from wici_simulators.ott.settings import Settings
from wici_simulators.ott.world import World


def main() -> None:
    settings = Settings()
    answers = partial(serve, World(settings))
    serving.main("wici_simulators.ott", "WhatsApp", settings, answers, port_key="WICI_OTT_PORT", port=12790)


if __name__ == "__main__":
    main()
