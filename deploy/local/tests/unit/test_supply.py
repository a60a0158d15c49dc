"""What is pinned is what is installed, what an image holds is told whole, and no answer is no good news."""

import json

import audit
import pytest
import requirements_files
import sbom
from requirements_files import Pinned

IMAGES = (
    "campaigns",
    "contacts",
    "email-gateway",
    "gateway",
    "identity",
    "ott-gateway",
    "push-gateway",
    "rcs-gateway",
    "reporting",
    "sms-gateway",
    "viber-gateway",
)


def test_every_image_has_a_file_and_no_other():
    assert tuple(path.stem for path in requirements_files.images()) == IMAGES


@pytest.mark.parametrize("path", requirements_files.files(), ids=lambda path: path.stem)
def test_every_line_of_a_file_is_read_with_its_hashes(path):
    read = requirements_files.pinned(path)

    lines = [line for line in path.read_text().splitlines() if line and line[0] not in " #"]
    assert [f"{package.name}=={package.version}" for package in read] == [line.split(" ")[0] for line in lines]
    assert sum(len(package.sha256) for package in read) == path.read_text().count("--hash=sha256:")
    assert all(package.sha256 for package in read)


def test_a_bill_of_materials_names_every_package_with_its_hashes():
    path = requirements_files.images()[0]

    made = json.loads(sbom.described(path.stem, requirements_files.pinned(path)))

    packages = {package.name: package for package in requirements_files.pinned(path)}
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert {component["name"] for component in made["components"]} == set(packages)
    for component in made["components"]:
        wanted = packages[component["name"]]
        assert component["purl"].startswith("pkg:pypi/") and component["version"] == wanted.version
        assert {each["content"] for each in component["hashes"]} == set(wanted.sha256)


def test_what_is_installed_and_not_pinned_is_named():
    pinned = [Pinned("Typing_Extensions", "4.16.0", ())]
    installed = [("typing-extensions", "4.16.0"), ("pip", "26"), ("wici-contacts", "1"), ("leftpad", "1"), ("uv", "1")]

    assert requirements_files.unnamed(installed, pinned) == ["leftpad 1"]
    assert requirements_files.unnamed([("typing.extensions", "4.17.0")], pinned) == ["typing-extensions 4.17.0"]


WEAK = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], audit.CLEAN, "no known weakness"),
        ([{"name": "a", "skip_reason": "not found"}, WEAK], audit.WEAK, "PYSEC-1, mended in 2"),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "no"}], audit.NOT_ASKED, "for 1 "),
        ([], audit.NOT_ASKED, "for all packages"),
    ],
)
def test_an_audit_is_clean_only_when_every_package_was_looked_up(packages, code, said, capsys):
    assert audit.told(packages) == code
    assert said in capsys.readouterr().out


def test_an_audit_without_a_report_says_what_was_said_instead(capsys):
    assert audit.reported("", "pip-audit: error: unknown option --require-hashes\n") == []
    assert audit.reported('{"dependencies": []}', "a warning") == []

    assert capsys.readouterr().out.split("\n")[:-1] == ["pip-audit: error: unknown option --require-hashes"]
