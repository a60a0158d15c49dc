"""Services stand alone: none imports another, and eventlet patches an unpatched process in silence."""

import re
import subprocess
import sys

import pytest
from system import PACKAGES, source_of


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_another_service(package):
    others = "|".join(other for other in PACKAGES if other != package)
    pattern = re.compile(rf"^\s*(?:from|import) ({others})\b", re.MULTILINE)

    assert {path: pattern.findall(text) for path, text in source_of(package).items() if pattern.search(text)} == {}


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "api_gateway"])
def test_service_module_is_green_in_silence(package):
    """A library that breaks monkey-patching half-way only logs it; so silence is what is tested."""
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        f"import eventlet; eventlet.monkey_patch()\nimport {package}.service"
    )

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout + ran.stderr == ""
