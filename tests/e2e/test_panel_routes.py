"""Each page that the panel's router knows is opened by a journey, and axe looks at it there."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import looked_over
from whole_system import ROOT

ROUTER = (ROOT / "panel/src/router.tsx").read_text("utf-8")
PAGES = re.findall(r' page\("([^"]+)"', ROUTER)
OPERATED = [f"/app/operator{path}".rstrip("/") for path in re.findall(r' operatorPage\("([^"]+)"', ROUTER)]
OTHERS = re.findall(r'path: "([^"]+)",\s+component: lazyRouteComponent\(', ROUTER)
ROUTES = [*PAGES, *OPERATED, *OTHERS]


def test_no_page_of_the_router_is_missed_here():
    frames = 1  # `inside` has no address of its own
    assert len(ROUTES) == ROUTER.count("lazyRouteComponent(") - frames


def test_axe_has_looked_at_every_page_of_the_router(built, request):
    journeys = {path.name for path in Path(__file__).parent.glob("test_panel*.py")}
    run = {item.path.name for item in request.session.items if item.path.name in journeys}
    if run != journeys or request.config.option.keyword:
        pytest.skip("not all journeys of the panel were run before this")
    seen = {route_of(urlsplit(url).path.rstrip("/")) for url in looked_over}
    assert [route for route in ROUTES if route not in seen] == []


def route_of(path):
    """The route that shows the page at an address: one with more words of its own goes before one with names."""
    fitting = [route for route in ROUTES if re.fullmatch(re.sub(r"\\?\$\w+", "[^/]+", re.escape(route)), path)]
    return min(fitting, key=lambda route: route.count("$"), default=None)
