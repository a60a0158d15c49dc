"""A client made of the live description has every operation, compiles, and does what people do with it."""

import compileall
import importlib
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
import requests

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def description(environ):
    return requests.get(f"{environ['WICI_PUBLIC_URL']}/v1/openapi.json", timeout=30)


@pytest.fixture(scope="module")
def package(description, tmp_path_factory):
    """The name of the package, which can be imported now; a warning of the generator fails."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "openapi.json").write_bytes(description.content)
    generator = [Path(sys.executable).parent / "openapi-python-client", "generate", "--fail-on-warning"]
    words = [
        "--config",
        HERE / "client.yaml",
        "--path",
        "openapi.json",
        "--meta",
        "none",
        "--output-path",
        "wici_client",
    ]
    made = subprocess.run([*generator, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-6000:] + made.stderr[-2000:]
    sys.path.insert(0, str(folder))
    yield "wici_client"
    sys.path.remove(str(folder))


def operations(description):
    return [operation for methods in description.json()["paths"].values() for operation in methods.values()]


def test_no_operation_is_left_out_and_all_compiles(description, package):
    folder = Path(importlib.import_module(package).__file__).parent
    made = [path for path in (folder / "api").rglob("*.py") if path.name != "__init__.py"]

    assert len(made) == len(operations(description))
    assert compileall.compile_dir(folder, quiet=1)


class Caller:
    """Calls an operation by its group and name, and takes no answer but the one that is described."""

    def __init__(self, package, environ, token):
        self._package = package
        self.client = self.module("client").AuthenticatedClient(environ["WICI_PUBLIC_URL"], token)

    def module(self, name):
        return importlib.import_module(f"{self._package}.{name}")

    def model(self, schema, /, **fields):
        return getattr(self.module("models"), schema)(**fields)

    def call(self, operation, /, *arguments, status=200, **named):
        answer = self.module(f"api.{operation}").sync_detailed(*arguments, client=self.client, **named)
        assert answer.status_code == status, (operation, answer.content)
        assert status == 204 or answer.parsed is not None, operation
        return answer.parsed


@pytest.fixture
def shop(package, environ, journey):
    caller = Caller(package, environ, journey.api.token)
    with caller.client:
        yield caller


def test_a_shop_keeps_its_contacts_by_a_generated_client(shop, journey):
    word = uuid4().hex[:8]
    rule = shop.model("Rule", field="email", op="eq", value=f"ola.{word}@poczta.example")
    has_no_city = shop.model("Rule", not_=shop.model("Rule", field="city", op="is_not_empty"))
    rules = shop.model("Rule", all_=[rule, has_no_city])

    assert str(shop.call("accounts.get_account").account_id) == journey.account_id
    assert shop.call("me.get_me").login == journey.login
    group = shop.call("groups.create_group", body=shop.model("GroupCreate", name=f"Stali {word}"), status=201)
    ola = shop.model("ContactCreate", email=f"ola.{word}@poczta.example", first_name="Ola", group_ids=[group.id])
    contact = shop.call("contacts.create_contact", body=ola, status=201)
    shop.call("contacts.update_contact", contact.id, body=shop.model("ContactUpdate", last_name="Nowak"))
    assert shop.call("contacts.get_contact", contact.id).last_name == "Nowak"
    assert [each.id for each in shop.call("contacts.list_contacts", group_id=group.id).items] == [contact.id]
    assert shop.call("segments.count_segment", body=shop.model("SegmentRules", rules=rules)).count == 1
    segment = shop.model("SegmentCreate", name=f"Ola {word}", rules=rules)
    segment_id = shop.call("segments.create_segment", body=segment, status=201).id
    assert shop.call("segments.get_segment", segment_id).rules.all_[0].value == rule.value
    assert [each.id for each in shop.call("segments.list_segment_contacts", segment_id).items] == [contact.id]
    shop.call("contacts.delete_contact", contact.id, status=204)


def test_a_refusal_is_a_problem_with_its_code(shop):
    problem = shop.call("contacts.get_contact", uuid4(), status=404)

    assert problem.code == "contact.not_found"
