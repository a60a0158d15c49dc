"""Where things lie: the checkout, the folder of everything that runs, and the packages of the repository.

Only the standard library: the bootstrap uses it before there is a virtual environment.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

# A second system from the same checkout (the end-to-end tests, a trial) lives in a folder of its own.
RUN = Path(os.environ.get("WICI_RUN") or ROOT / ".run").resolve()
LOGS = RUN / "log"

# In the order in which they depend on one another; every one installs without the services beside it.
PACKAGES = {
    "contracts": ROOT / "libs/contracts",
    "chassis": ROOT / "libs/chassis",
    "channel": ROOT / "libs/channel",
    "identity": ROOT / "services/identity",
    "contacts": ROOT / "services/contacts",
    "campaigns": ROOT / "services/campaigns",
    "sms_gateway": ROOT / "services/sms-gateway",
    "email_gateway": ROOT / "services/email-gateway",
    "push_gateway": ROOT / "services/push-gateway",
    "ott_gateway": ROOT / "services/ott-gateway",
    "rcs_gateway": ROOT / "services/rcs-gateway",
    "viber_gateway": ROOT / "services/viber-gateway",
    "reporting": ROOT / "services/reporting",
    "api_gateway": ROOT / "gateway",
    "wici_simulators": ROOT / "simulators",
}
SERVICES = (
    "identity",
    "contacts",
    "campaigns",
    "sms_gateway",
    "email_gateway",
    "push_gateway",
    "ott_gateway",
    "rcs_gateway",
    "viber_gateway",
    "reporting",
)
# The gateway keeps its own small database too: idempotency keys.
DATABASES = (*SERVICES, "api_gateway")


def present_packages() -> dict[str, Path]:
    """The packages of PACKAGES that are in this checkout."""
    return {name: folder for name, folder in PACKAGES.items() if (folder / "pyproject.toml").exists()}


def missing_packages() -> dict[str, Path]:
    """The packages of PACKAGES that this checkout lacks."""
    return {name: folder for name, folder in PACKAGES.items() if name not in present_packages()}
