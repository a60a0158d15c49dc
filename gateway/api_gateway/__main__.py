"""`python -m api_gateway`: the gateway under gunicorn, with `gunicorn_conf.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from api_gateway.config import Config
from chassis.config import ConfigError, load


def main() -> None:
    """Check the configuration here, where a mistake is one clear line, then become gunicorn."""
    try:
        config = load(Config, os.environ)
        config.link_key_list()
        config.operator_port  # noqa: B018
        config.check_ports()
        config.check_addresses()
    except ConfigError as error:
        sys.exit(f"api_gateway: {error}")
    conf = Path(__file__).with_name("gunicorn_conf.py")
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", str(conf), *sys.argv[1:]])


if __name__ == "__main__":
    main()
