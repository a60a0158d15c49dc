"""What we send to FCM, judged by what Google publishes: the discovery document of its API.

    python bench/foreign_schemas.py

Installs `google-api-python-client`, which carries the document, into `.run/cache`, and makes messages of every kind that
our contents can be. (It carries none of RCS Business Messaging.) Each must be of the document's schema: no field that it does not have, none of another type, no word
that is none of its enumerations. Ends with 3 where the package cannot be had, with 1 where a message is otherwise.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from contracts.push_gateway.contents import PushContent
from push_gateway.content import payloads
from push_gateway.content.template import Template as PushTemplate

FOLDER = Path(__file__).parents[1] / ".run/cache/foreign-schemas"
PACKAGE = "google-api-python-client"
DOCUMENTS = FOLDER / "googleapiclient/discovery_cache/documents"
URL = "https://shop.example/a.jpg"
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float), "object": (dict,), "array": (list,),
}  # fmt: skip


class Document:
    """A discovery document. :ivar seen: properties that were there, by schema."""

    def __init__(self, name: str) -> None:
        self._schemas = orjson.loads((DOCUMENTS / f"{name}.json").read_bytes())["schemas"]
        self.seen = Counter[str]()

    def problems(self, value: Any, schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
        if (of := schema.get("$ref")) is not None:
            schema = {**self._schemas[of], "id": of}
        kind = schema.get("type", "any")
        if kind != "any" and (not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
            yield f"{at}: {type(value).__name__} is no {kind}"
        elif kind == "object":
            yield from self._of_object(value, schema, at)
        elif kind == "array":
            for place, one in enumerate(value):
                yield from self.problems(one, schema["items"], f"{at}.{place}")
        elif kind == "string":
            yield from _of_text(value, schema, at)

    def of(self, value: Any, schema: str) -> list[str]:
        return list(self.problems(value, {"$ref": schema}))

    def _of_object(self, value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, one in value.items():
            of = properties.get(_camel(name), others)
            self.seen[f"{schema.get('id')}.{name}"] += 1
            if of is None:
                yield f"{at}.{name}: {schema.get('id')} has no such field"
            else:
                yield from self.problems(one, of, f"{at}.{name}")


def _camel(name: str) -> str:
    """Google's JSON takes the names of its protocol buffers, too."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _of_text(value: str, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    form = schema.get("format")
    if form == "google-duration" and not re.fullmatch(r"\d+(\.\d{1,9})?s", value):
        yield f"{at}: {value!r} is no duration"
    if form == "google-datetime" and not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        yield f"{at}: {value!r} is no moment"
    if form == "byte":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            yield f"{at}: no base64"


def pushes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every combination of what a push may have, to a device and to a topic."""
    parts: tuple[dict[str, Any], ...] = (
        {"title": "Hej"}, {"body": "Paczka"}, {"image": URL}, {"sound": "default"}, {"url": URL}, {"data": {"a": "b"}},
        {"ttl_seconds": 60}, {"collapse_key": "parcel"}, {"silent": True},
        {"buttons": [{"id": "yes", "text": "Tak", "url": URL}, {"id": "no", "text": "Nie"}]},
    )  # fmt: skip
    for count in range(len(parts) + 1):
        for some in itertools.combinations(parts, count):
            content = {name: value for part in some for name, value in part.items()}
            if not {"title", "body", "data"} & content.keys() or PushContent().validate(content):
                continue
            stored = orjson.loads(orjson.dumps(PushContent().load(content)))
            push = payloads.Push(str(uuid4()), stored, PushTemplate(stored).render({}), "https://wici.example/o/x")
            for is_topic in (False, True):
                yield "SendMessageRequest", payloads.fcm(push, "token-or-topic", is_topic=is_topic)


def install() -> bool:
    if DOCUMENTS.exists():
        return True
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(FOLDER), PACKAGE]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=300).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    if not install():
        print(f"{PACKAGE} cannot be had here.")
        return 3
    document, count, found = Document("fcm.v1"), 0, Counter[str]()
    for schema, message in pushes():
        count += 1
        found.update(document.of(message, schema))
    print(
        f"{count:,} messages, {len(document.seen)} fields of the document's schemas used, {sum(found.values())} otherwise"
    )
    for problem, times in found.most_common(20):
        print(f"  {times} × {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
