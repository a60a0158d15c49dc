"""The checks of the deployment files refuse what they are there to refuse."""

import manifests
import pytest

GOOD = """FROM python:3.11-slim AS build
RUN pip install --require-hashes -r requirements.txt
FROM python:3.11-slim
COPY --from=build /opt /opt
USER 10001
CMD ["python"]
"""


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("USER 10001", "USER root", "ends as root"),
        ("--require-hashes ", "", "without hashes"),
        ("FROM python:3.11-slim\n", "FROM python\n", "no version"),
        ('CMD ["python"]', "CMD python", "through a shell"),
        ("COPY --from=build /opt", "COPY nowhere", "not there"),
    ],
)
def test_careless_dockerfile_is_refused(tmp_path, before, after, problem):
    path = tmp_path / "Dockerfile"
    path.write_text(GOOD)
    assert manifests.dockerfile_problems(path) == []

    path.write_text(GOOD.replace(before, after))

    assert [found for found in manifests.dockerfile_problems(path) if problem in found]


def test_object_with_an_unknown_field_is_refused():
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"ports": [{"port": 1}], "prots": []},
    }

    assert "prots" in manifests.problems_of(service)[0]


def test_careless_pod_is_refused():
    pod = {"containers": [{"name": "a", "image": "b"}]}
    problems = manifests.hardening_problems({"kind": "Deployment", "spec": {"template": {"spec": pod}}}, "Deployment/a")

    assert len(problems) == 9
