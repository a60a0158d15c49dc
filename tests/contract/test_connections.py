"""What each process may hold of PostgreSQL's connections is what its code opens, and all fit the server they share."""

import re
import sys
from importlib import import_module

import pytest
import yaml
from system import PACKAGES, ROOT
from test_deployment import compose, deployed_processes, objects

from contracts.connections import OF_A_PROCESS, RESERVED, limit_of

sys.path.append(str(ROOT / "deploy/local"))
import postgres

# Beside the pools; `tests/abuse/test_connections.py` counts them in a running system.
LISTENERS = {
    "identity": 1,  # outbox
    "contacts": 1,  # outbox
    "contacts.jobs": 1,  # jobs
    "campaigns": 1,  # outbox
    "campaigns.dispatcher": 2,  # outbox, campaigns
    "campaigns.chains": 2,  # outbox, chains
    "campaigns.pictures": 0,
    "sms_gateway": 1,  # outbox
    "sms_gateway.outbound": 3,  # retry schedule, campaigns' states, suspensions
    "sms_gateway.smpp_server": 2,  # outbox, deliveries to partners
    "email_gateway": 1,  # outbox
    "email_gateway.outbound": 4,  # the outbound's of SMS, outbox
    "email_gateway.submission": 1,  # outbox
    "email_gateway.mailroom": 1,  # outbox
    "push_gateway": 1,  # outbox
    "ott_gateway": 1,  # outbox
    "viber_gateway": 1,  # outbox
    "push_gateway.outbound": 4,  # the outbound's of SMS, outbox
    "ott_gateway.outbound": 4,  # as push's
    "viber_gateway.outbound": 4,  # as push's
    "rcs_gateway": 1,  # outbox
    "rcs_gateway.outbound": 4,  # the outbound's of SMS, outbox
    "reporting": 0,
    "reporting.ingester": 1,  # outbox
    "reporting.webhooks": 1,  # webhooks
    "api_gateway": 1,  # suspensions, in each worker
}


def default_of(config, name):
    return config.__dataclass_fields__[name].default


def opened_by(process):
    """Connections that the code of a process opens at most, with its settings as they are by default."""
    if process == "api_gateway":
        conf = (PACKAGES["api_gateway"] / "gunicorn_conf.py").read_text()
        workers = int(re.search(r'"GATEWAY_WORKERS", "(\d+)"', conf)[1])
        return workers * (import_module("api_gateway.wiring").POOL_SIZE + LISTENERS[process])
    if "." not in process:
        return import_module("chassis.service").POOL_SIZE + LISTENERS[process]
    main = import_module(f"{process}.__main__")
    found = main.POOL_SIZE + LISTENERS[process]
    if process.endswith(".outbound"):
        found += import_module("channel.outbound").LEDGER_POOL_SIZE
    if process == "email_gateway.outbound":
        found += default_of(main.OutboundConfig, "workers")  # each composer has one
    if process == "contacts.jobs":
        found += main.POOL_SIZE_OF_A_WORKER * default_of(main.JobsConfig, "workers")
    return found


def test_every_process_is_counted():
    assert set(OF_A_PROCESS) == set(deployed_processes().values())


@pytest.mark.parametrize("process", OF_A_PROCESS)
def test_a_process_opens_what_it_is_counted_for(process):
    assert opened_by(process) == OF_A_PROCESS[process]


def test_every_pool_is_one_of_those_that_are_counted():
    """A pool of another size in a process is one that nobody has counted."""
    known = {"pool_size", "POOL_SIZE", "LEDGER_POOL_SIZE", "POOL_SIZE_OF_A_WORKER", "1"}
    folders = [*PACKAGES.values(), ROOT / "libs/chassis/chassis", ROOT / "libs/channel/channel"]
    sources = [path for folder in folders for path in folder.rglob("*.py") if path.name != "testing.py"]
    sizes = {size for path in sources for size in re.findall(r"\bpool_size=([\w.]+)", path.read_text())}

    assert {size.rpartition(".")[2] for size in sizes} == known


def roles():
    cluster = objects("Cluster")["wici-postgresql"]["spec"]
    return {role["name"]: role for role in cluster["managed"]["roles"]}, cluster["postgresql"]["parameters"]


@pytest.mark.parametrize("service", PACKAGES)
def test_a_role_on_kubernetes_has_what_the_autoscalers_may_run(service):
    scalers = objects("HorizontalPodAutoscaler")
    replicas = {process: scalers[name]["spec"]["maxReplicas"] for name, process in deployed_processes().items()}

    assert roles()[0][f"wici_{service}"]["connectionLimit"] == limit_of(service, replicas)


def test_all_roles_of_kubernetes_fit_the_server_together():
    of_roles, parameters = roles()
    limits = [role["connectionLimit"] for name, role in of_roles.items() if not name.endswith("_owner")]

    assert len(limits) == len(PACKAGES)
    assert sum(limits) + RESERVED <= int(parameters["max_connections"])


def compose_maximum():
    command = compose()["postgresql"]["command"]
    return int(next(word for word in command if word.startswith("max_connections=")).partition("=")[2])


def test_all_roles_fit_the_servers_of_compose_and_of_a_checkout():
    wanted = sum(map(limit_of, PACKAGES)) + RESERVED

    assert wanted <= compose_maximum()
    assert wanted <= int(postgres.SETTINGS["max_connections"])


def test_the_dev_overlay_runs_no_more_than_the_base():
    overlay = yaml.safe_load((ROOT / "deploy/k8s/overlays/dev/kustomization.yaml").read_text())
    patches = "".join(patch["patch"] for patch in overlay["patches"])
    most = int(re.search(r"/spec/maxReplicas, value: (\d+)", patches)[1])

    assert most <= min(o["spec"]["maxReplicas"] for o in objects("HorizontalPodAutoscaler").values())
