"""Every process is deployed, and everything deployed is a process: Procfile, Kubernetes, compose, images."""

import re
import sys
from functools import cache

import pytest
import yaml
from system import PACKAGES, ROOT

sys.path.append(str(ROOT / "deploy/local"))
import needs

K8S = ROOT / "deploy/k8s/base"
FOLDERS = {package.replace("_", "-"): "gateway" if package == "api_gateway" else f"services/{package.replace('_', '-')}"
           for package in PACKAGES}  # fmt: skip


def procfile():
    lines = [line for line in (ROOT / "Procfile").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def deployed_processes():
    """Process by the name it has in Kubernetes and compose; the simulators are never deployed."""
    return {name.replace(".", "-").replace("_", "-"): name for name in procfile() if not name.startswith("simulator.")}


@cache
def manifests(folder):
    return [o for path in sorted(folder.glob("*.yaml")) for o in yaml.safe_load_all(path.read_text()) if o]


def objects(kind):
    return {o["metadata"]["name"]: o for o in manifests(K8S) if o["kind"] == kind}


@cache
def compose():
    return yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]


def test_every_process_has_a_deployment_and_the_other_way_round():
    deployments = {name: o["metadata"]["labels"]["wici.process"] for name, o in objects("Deployment").items()}

    assert deployments == deployed_processes()


def test_every_deployment_has_a_service_folder_and_the_other_way_round():
    components = {o["metadata"]["labels"]["app.kubernetes.io/component"] for o in objects("Deployment").values()}

    assert components == set(FOLDERS)
    assert {
        str(path.relative_to(ROOT)) for path in (ROOT / "services").iterdir() if (path / "pyproject.toml").exists()
    } == (set(FOLDERS.values()) - {"gateway"})


def test_every_manifest_is_listed_by_the_base():
    listed = yaml.safe_load((K8S / "kustomization.yaml").read_text())["resources"]

    assert set(listed) == {path.name for path in K8S.glob("*.yaml")} - {"kustomization.yaml"}


@pytest.mark.parametrize("kind", ["HorizontalPodAutoscaler", "PodDisruptionBudget"])
def test_every_deployment_scales_and_survives_a_drained_node(kind):
    assert set(objects(kind)) == set(deployed_processes())


def test_every_database_and_the_broker_are_migrated_by_a_job_before_the_code_needs_it():
    wanted = {f"migrate-{name}" for name in (*FOLDERS, "broker")}

    assert set(objects("Job")) == wanted
    assert {name for name in compose() if name.startswith("migrate-")} == wanted


def test_every_process_is_in_compose():
    engines = {"postgresql", "rabbitmq", "front", "panel"}

    assert {name for name in compose() if not name.startswith("migrate-")} - engines == set(deployed_processes())


@pytest.mark.parametrize("name", deployed_processes())
def test_a_process_runs_the_same_command_everywhere(name):
    """A further process says its command in all three places; a service's main process is what its image runs."""
    process = deployed_processes()[name]
    container = objects("Deployment")[name]["spec"]["template"]["spec"]["containers"][0]
    said = {str(container.get("args")), str(compose()[name].get("command"))}

    if "." in process:
        assert said == {str(procfile()[process].split())}
    else:
        dockerfile = (ROOT / FOLDERS[name] / "Dockerfile").read_text()
        module = process if name == "api-gateway" else procfile()[process].split()[-1]
        assert said == {"None"}
        assert f'"{module}"' in re.search(r"^CMD .*$", dockerfile, re.MULTILINE)[0]
        assert re.search(rf"\b{re.escape(module)}\b", procfile()[process])


def secrets_in(environment):
    return {
        name for name in environ_names(environment) if re.search(r"_KEYS$|_DATABASE_URL$|AMQP_URL$|PASSWORD$", name)
    }


def environ_names(environment):
    """Names of a container's variables: a list of objects in Kubernetes, a mapping in compose."""
    return {each["name"] for each in environment} if isinstance(environment, list) else set(environment)


@pytest.mark.parametrize("name", deployed_processes())
def test_a_process_is_given_its_own_secrets_and_no_others_everywhere(name):
    package = deployed_processes()[name].partition(".")[0]
    wanted = set(needs.KEYS[package]) | {f"{package.upper()}_DATABASE_URL", "AMQP_URL"}
    container = objects("Deployment")[name]["spec"]["template"]["spec"]["containers"][0]

    assert secrets_in(container["env"]) == wanted
    assert secrets_in(compose()[name]["environment"]) == wanted


def test_no_two_services_share_a_secret_of_their_own():
    """A database's or the broker's; keys are shared by those that need the same."""
    given = [
        (name, entry["valueFrom"]["secretKeyRef"]["name"])
        for name, o in objects("Deployment").items()
        for entry in o["spec"]["template"]["spec"]["containers"][0]["env"]
        if "valueFrom" in entry and entry["valueFrom"]["secretKeyRef"]["name"] != "wici-keys"
    ]

    for name, secret in given:
        component = objects("Deployment")[name]["metadata"]["labels"]["app.kubernetes.io/component"]
        assert secret in [f"wici-{component}-{kind}" for kind in ("database", "rabbitmq", "files")]


@pytest.mark.parametrize("component", FOLDERS)
def test_image_installs_its_own_requirements_and_no_other_service(component):
    dockerfile = (ROOT / FOLDERS[component] / "Dockerfile").read_text()
    others = [folder for folder in FOLDERS.values() if folder != FOLDERS[component]]
    requirements = ROOT / "requirements" / f"{FOLDERS[component].rpartition('/')[2]}.txt"

    assert f"COPY requirements/{requirements.name} " in dockerfile
    assert not [folder for folder in others if re.search(rf"^COPY {folder}[/ ]", dockerfile, re.MULTILINE)]
    assert ("nameko==" in requirements.read_text()) == ("nameko" in dockerfile)


def production(kind):
    return {o["metadata"]["name"]: o for o in manifests(ROOT / "deploy/k8s/overlays/production") if o["kind"] == kind}


def test_nobody_is_believed_about_the_clients_address_until_an_overlay_or_an_operator_names_them():
    assert objects("ConfigMap")["wici-config"]["data"]["GATEWAY_TRUSTED_PROXIES"] == ""
    assert compose()["api-gateway"]["environment"]["GATEWAY_TRUSTED_PROXIES"] == "${GATEWAY_TRUSTED_PROXIES:-}"
    assert "GATEWAY_TRUSTED_PROXIES=\n" in (ROOT / "deploy/compose.env.example").read_text()


def test_only_uploads_pass_the_ingress_as_they_come():
    unbuffered = {
        path["path"]
        for ingress in production("Ingress").values()
        if ingress["metadata"]["annotations"].get("nginx.ingress.kubernetes.io/proxy-request-buffering") == "off"
        for path in ingress["spec"]["rules"][0]["http"]["paths"]
    }

    assert unbuffered == {"/v1/imports", "/v1/files"}


def test_metrics_are_on_a_port_that_only_the_monitoring_reaches():
    gateway = objects("Deployment")["api-gateway"]["spec"]["template"]
    container = gateway["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert gateway["metadata"]["annotations"]["prometheus.io/port"] == str(ports["health"]) != str(ports["http"])
    assert {"name": "HEALTH_PORT", "value": str(ports["health"])} in container["env"]
    assert [port["targetPort"] for port in objects("Service")["api-gateway"]["spec"]["ports"]] == ["http"]
    monitoring = objects("NetworkPolicy")["metrics"]["spec"]["ingress"][0]["ports"]
    assert [rule["port"] for rule in monitoring] == [ports["health"]]


@pytest.mark.parametrize("name", ["sms-gateway-smpp-server", "email-gateway-submission", "email-gateway-mailroom"])
def test_a_door_for_peers_sees_their_addresses(name):
    spec = objects("Service")[name]["spec"]

    assert (spec["type"], spec["externalTrafficPolicy"]) == ("LoadBalancer", "Local")


@pytest.mark.parametrize("name", ["sms-gateway-smpp-server", "email-gateway-submission"])
def test_a_door_with_tls_has_its_certificate(name):
    pod = objects("Deployment")[name]["spec"]["template"]["spec"]
    secret = next(volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "certificate")
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    mounted = {each["name"]: each["mountPath"] for each in pod["containers"][0]["volumeMounts"]}

    assert {"/certificate/tls.crt", "/certificate/tls.key"} <= set(env.values())
    assert mounted["certificate"] == "/certificate"
    assert f"`{secret}`" in (ROOT / "docs/operations.md").read_text()


def test_the_overlay_for_one_machine_waits_for_no_certificate():
    """Nobody makes these secrets there: a pod that mounts one would never start."""
    overlay = yaml.safe_load((ROOT / "deploy/k8s/overlays/dev/kustomization.yaml").read_text())
    made = {each["name"] for each in overlay["secretGenerator"]}
    patches = [yaml.safe_load(each["patch"]) for each in overlay["patches"] if "target" not in each]
    optional = {
        (patch["metadata"]["name"], volume["name"])
        for patch in patches
        for volume in patch["spec"]["template"]["spec"]["volumes"]
        if volume["secret"]["optional"]
    }

    for name, deployment in objects("Deployment").items():
        for volume in deployment["spec"]["template"]["spec"].get("volumes", []):
            assert volume.get("secret", {}).get("secretName", "") in {"", *made} or (name, volume["name"]) in optional


PRIVATE = {"10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}
LINK_LOCAL = {"169.254.0.0/16", "fe80::/10"}
# Operators alone name where these lead, which may be a private line, a storage of the house or our own address.
TO_PRIVATE_NETWORKS = {"to-carriers", "to-object-storage", "to-own-links", "to-own-nameservers"}
NODES_OWN_NAMES = "169.254.20.10/32"  # NodeLocal DNSCache, which is no pod


def let_out():
    """What each policy lets out: its rules."""
    return {name: o["spec"].get("egress", []) for name, o in objects("NetworkPolicy").items()}


def test_names_are_asked_of_the_clusters_servers_of_the_nodes_own_and_of_those_that_operators_name():
    nodes = [rule["ports"] for rule in let_out()["names-and-engines"] if block_of(NODES_OWN_NAMES) in rule["to"]]
    own = [rule["ports"] for rule in let_out()["to-own-nameservers"]]
    selector = objects("NetworkPolicy")["to-own-nameservers"]["spec"]["podSelector"]["matchExpressions"][0]

    assert nodes == own == [[{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]]
    assert selector["values"] == ["email-gateway", "email-gateway-outbound"]
    assert objects("ConfigMap")["wici-config"]["data"]["EMAIL_NAMESERVERS"] == ""
    for name in selector["values"]:
        assert compose()[name]["environment"]["EMAIL_NAMESERVERS"] == "${EMAIL_NAMESERVERS:-}"


def test_every_process_reaches_the_collector_of_traces():
    (rule,) = let_out()["to-collector"]

    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    assert rule["ports"] == [{"protocol": "TCP", "port": 4318}]


def block_of(network):
    return {"ipBlock": {"cidr": network}}


def test_who_speaks_to_strangers_addresses_reaches_no_private_network():
    blocks = {
        name: [
            to["ipBlock"] for rule in rules for to in rule["to"]
            if "ipBlock" in to and to != block_of(NODES_OWN_NAMES)
        ]
        for name, rules in let_out().items()
    }  # fmt: skip
    excepted = {name: {net for each in some for net in each["except"]} for name, some in blocks.items() if some}

    assert {name for name, nets in excepted.items() if not nets >= PRIVATE} == TO_PRIVATE_NETWORKS
    assert all(nets >= LINK_LOCAL for nets in excepted.values())
