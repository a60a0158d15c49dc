"""`python -m api_gateway.route_list` (`make routes`): every route with who may call it. `--markdown` for a table.

The permission is one of `contracts.permissions`; `public` needs no log-in, `anyone` any session or key, and
`→ sms.campaigns.read` one that the service itself asks for besides, by the channel of the thing at hand.
"""

from __future__ import annotations

import argparse
import sys

from api_gateway.routes import all_routes
from api_gateway.routing import ANYONE, PUBLIC, Route

HEADINGS = ("METHOD", "PATH", "PERMISSION", "BY")


def who(route: Route) -> str:
    """Which callers the route takes, besides the permission."""
    if route.operator:
        return "operator"
    if route.permission == PUBLIC:
        return "anybody"
    return "session" if route.session_only else "session, key"


def permission(route: Route) -> str:
    if route.operator:
        return "–"
    named = route.permission.lower() if route.permission in (PUBLIC, ANYONE) else route.permission
    return f"{named} → {route.service_checked}" if route.service_checked else named


def rows() -> list[tuple[str, str, str, str]]:
    """Sorted by path, as the description of the API shows them."""
    listed = [(route.method, route.template, permission(route), who(route)) for route in all_routes()]
    return sorted(listed, key=lambda row: (row[1], row[0]))


def as_text(listed: list[tuple[str, str, str, str]]) -> str:
    widths = [max(len(row[column]) for row in [HEADINGS, *listed]) for column in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [HEADINGS, *listed]
    ]
    return "\n".join(line.rstrip() for line in [*lines, f"{len(listed)} routes"])


def as_markdown(listed: list[tuple[str, str, str, str]]) -> str:
    lines = [f"| `{method} {path}` | {needs} | {by} |" for method, path, needs, by in listed]
    return "\n".join(["| route | permission | by |", "|---|---|---|", *lines])


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m api_gateway.route_list", description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", action="store_true", help="a table in Markdown")
    show = as_markdown if parser.parse_args(arguments).markdown else as_text
    sys.stdout.write(f"{show(rows())}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
