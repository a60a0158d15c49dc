"""`make sbom`: what is in each image, from its pinned requirements, as CycloneDX 1.6 (ECMA-424) into `.run/sbom/`.

One file for each image, with the package URL and the hashes of every package; the base image's own are not in it.
"""

from __future__ import annotations

from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from places import ROOT, RUN
from progress import say
from requirements_files import Pinned, images, pinned

FOLDER = RUN / "sbom"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in images():
        packages = pinned(path)
        target = FOLDER / f"{path.stem}.cdx.json"
        target.write_text(described(path.stem, packages) + "\n", encoding="utf-8")
        say(f"  {target.relative_to(ROOT) if target.is_relative_to(ROOT) else target}: {len(packages)} packages")


def described(image: str, packages: list[Pinned]) -> str:
    """The bill of materials of one image."""
    bom = Bom(components=[component(package) for package in packages])
    bom.metadata.component = Component(name=f"wici/{image}", type=ComponentType.CONTAINER, bom_ref=image)
    bom.metadata.tools.components.add(this_component())
    bom.register_dependency(bom.metadata.component, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def component(package: Pinned) -> Component:
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package.name}=={package.version}",
        purl=PackageURL("pypi", name=package.name, version=package.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in package.sha256],
    )


if __name__ == "__main__":
    main()
