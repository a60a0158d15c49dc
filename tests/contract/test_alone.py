"""Services stand alone: none imports another, each image has what its service imports, and eventlet patches an
unpatched process in silence."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from system import PACKAGES, ROOT, source_of

OURS = {*PACKAGES, "contracts", "chassis", "channel"}
DISTRIBUTIONS = packages_distributions()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_imports_another_service(package):
    others = "|".join(other for other in PACKAGES if other != package)
    pattern = re.compile(rf"^\s*(?:from|import) ({others})\b", re.MULTILINE)

    assert {path: pattern.findall(text) for path, text in source_of(package).items() if pattern.search(text)} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_its_image_has_every_library_that_a_service_imports(package):
    """Where all packages share one environment, what one of them lacks is there for another's sake."""
    present = locked(package)

    lacking = {
        f"{path}: {module}"
        for path, text in source_of(package).items()
        for module in imported(text)
        if present.isdisjoint(canonical(name) for name in DISTRIBUTIONS.get(module, [module]))
    }

    assert lacking == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_locked_for_an_image_can_be_installed(package):
    """pip takes nothing that is not in the list, `make lock`'s or one that somebody mended by hand."""
    present = locked(package)
    parsed = [Requirement(line) for name in present & installed() for line in requires(name) or ()]

    # What an extra asks for is asked for by who names the extra; those are held by the build alone.
    needed = {canonical(one.name) for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})}
    assert needed - present == set()


def locked(package):
    text = (ROOT / "requirements" / f"{PACKAGES[package].parent.name}.txt").read_text()
    return {canonical(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def installed():
    return {canonical(name) for names in DISTRIBUTIONS.values() for name in names}


def canonical(name):
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(text):
    """Third-party modules that are imported when the source is: what only type checkers see is left out."""
    nodes = [node for part in ast.parse(text).body if not is_for_types(part) for node in ast.walk(part)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names} - OURS - sys.stdlib_module_names


def is_for_types(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


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
