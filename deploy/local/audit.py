"""`make audit`: known weaknesses of what is pinned, by pip-audit.

Ends with 0 when every package was looked up and none is known to be weak, with 1 when one is, and with 3 when there was
nobody to ask: that is no good news, and pip-audit alone would end with 0 then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from places import VENV
from progress import say
from requirements_files import files

CLEAN, WEAK, NOT_ASKED = 0, 1, 3
SECONDS = 300


def main() -> int:
    words = [f"--requirement={path}" for path in files()]
    quiet = ("--progress-spinner=off", "--format=json", "--disable-pip", "--require-hashes")
    try:
        ran = subprocess.run(
            [VENV / "bin/pip-audit", *quiet, *words], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        say(f"pip-audit was ended after {SECONDS} seconds.")
        return told([])
    return told(reported(ran.stdout, ran.stderr))


def reported(report: str, complaints: str) -> list[dict[str, Any]]:
    """The packages of pip-audit's report; none where it made no report, and then what it said instead is said."""
    try:
        return list(json.loads(report)["dependencies"])
    except (ValueError, KeyError):
        say(complaints.strip() or "pip-audit said nothing.")
        return []


def told(packages: list[dict[str, Any]]) -> int:
    """Say what was found, and the exit code.

    :param packages: of pip-audit's report: `name`, `version`, `vulns`, or `skip_reason` for one that was not looked up.
    """
    skipped = {package["name"] for package in packages if "skip_reason" in package}
    weak = [(package, weakness) for package in packages for weakness in package.get("vulns", ())]
    for package, weakness in weak:
        mended = ", ".join(weakness["fix_versions"]) or "no version yet"
        say(f"  ✗ {package['name']} {package['version']}: {weakness['id']}, mended in {mended}")
    if weak:
        return WEAK
    if skipped or not packages:
        say(f"Nothing is known: the advisory database did not answer for {len(skipped) or 'all'} packages.")
        return NOT_ASKED
    say(f"{len({package['name'] for package in packages})} packages, no known weakness.")
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
