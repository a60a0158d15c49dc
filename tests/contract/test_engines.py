"""What containers are given: folders that their user may write, and the same engines everywhere."""

import re

import yaml
from system import ROOT

OWNER = "10001:10001"


def test_every_named_volume_of_a_process_is_a_folder_of_its_user_in_the_image():
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    found = []
    for name, service in services.items():
        for volume in service.get("volumes", []) if "build" in service else ():
            source, _, target = volume.partition(":")
            if re.fullmatch(r"[a-z_-]+", source):
                dockerfile = (ROOT / service["build"]["dockerfile"]).read_text()
                folder = re.escape(target)
                made = re.search(rf"mkdir -p [^&]*{folder}\b[^&]*&& chown {OWNER} [^\n]*{folder}", dockerfile)
                found.append((name, target, bool(made)))

    assert found
    assert [each for each in found if not each[2]] == []


def test_the_broker_has_the_same_version_and_holds_deliveries_as_long_in_compose_as_in_kubernetes():
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["rabbitmq"]
    cluster = next(yaml.safe_load_all((ROOT / "deploy/k8s/base/rabbitmq.yaml").read_text()))["spec"]
    settings = dict(re.findall(r"^(\w[\w.]*) = (\w+)$", cluster["rabbitmq"]["additionalConfig"], re.MULTILINE))
    arguments = compose["environment"]["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]

    assert compose["image"] == cluster["image"]
    assert f"-rabbit consumer_timeout {settings['consumer_timeout']} " in arguments
    assert f"-ra wal_max_size_bytes {settings['raft.wal_max_size_bytes']}" in arguments


def test_the_operators_pods_are_admitted_where_only_restricted_ones_are():
    spec = next(yaml.safe_load_all((ROOT / "deploy/k8s/base/rabbitmq.yaml").read_text()))["spec"]
    pod = spec["override"]["statefulSet"]["spec"]["template"]["spec"]

    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert {each["name"] for each in (*pod["containers"], *pod["initContainers"])} == {"rabbitmq", "setup-container"}
    for each in (*pod["containers"], *pod["initContainers"]):
        assert each["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def test_every_image_of_ours_is_of_a_registry_that_is_a_setting_and_migrations_are_of_the_same():
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    built = {service["image"] for service in services.values() if "build" in service}

    for image in built:
        assert re.fullmatch(r"\$\{WICI_REGISTRY:-wici\}/[a-z-]+:\$\{WICI_VERSION:-latest\}", image)
    for name, service in services.items():
        assert not name.startswith("migrate-") or service["image"] in built


def test_an_administrators_password_stands_in_no_url_of_compose():
    """It goes to the server as it is written, so it must reach the client so, too: `%40` is no `@` there."""
    raw = re.compile(r"://[^\s]*\$\{WICI_(DATABASE|RABBITMQ)_PASSWORD")

    assert not raw.search((ROOT / "deploy/compose.yaml").read_text())
