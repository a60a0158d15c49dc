"""The panel in a real browser: the parts that its journeys share.

The panel is built and Debian's Chromium drives it; where either is missing the tests are skipped, and say why.
Playwright is imported where it is used: `conftest.py` has these fixtures for every end-to-end test.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest
from whole_system import LOCAL, ROOT

CHROMIUM = os.environ.get("WICI_CHROMIUM") or shutil.which("chromium") or ""
AXE = ROOT / "panel/node_modules/axe-core/axe.min.js"
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
PATIENCE_MS = 60_000
# Addresses of the pages that axe has looked at, for the test that each page of the router is among them.
looked_over = set()


@pytest.fixture(scope="module")
def built():
    """The panel's files; made before the system starts, for the gateway looks for them then."""
    if not CHROMIUM:
        pytest.skip("no Chromium here: apt-get install chromium, or WICI_CHROMIUM=…")
    done = subprocess.run([sys.executable, LOCAL / "panel.py", "build"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(f"the panel cannot be had here:{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def browser(built):
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=PATIENCE_MS)
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def open_panel(built, environ, browser):
    """Opens the panel in a language, a width, light or dark; a request to elsewhere and an error on a page fail."""
    contexts, faults = [], []

    def opened(locale, width=1440, colours="light"):
        context = browser.new_context(
            base_url=environ["WICI_PUBLIC_URL"],
            locale=locale,
            viewport={"width": width, "height": 900},
            color_scheme=colours,
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda asked: faults.append(asked.url) if is_elsewhere(asked.url, environ) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def is_elsewhere(url, environ):
    return not url.startswith((environ["WICI_PUBLIC_URL"], "data:", "blob:", "about:"))


def look_over(page):
    """No violation of WCAG 2.2 AA on the page as it is now."""
    looked_over.add(page.url)
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    assert found == [], f"{page.url}: {[(one['id'], [node['html'] for node in one['nodes']]) for one in found]}"


def leads_to(page, heading):
    from playwright.sync_api import expect

    page.get_by_role("heading", name=heading, level=1).wait_for()
    expect(page.get_by_role("status", name=re.compile("Ładowanie|Loading"))).to_have_count(0)
    look_over(page)


def log_in(page, journey):
    page.goto("/app")
    leads_to(page, "Log in")
    page.get_by_label("Login").fill(journey.login)
    page.get_by_label("Password", exact=False).first.fill(journey.password)
    page.get_by_role("button", name="Log in").click()
    leads_to(page, f"Hello, {journey.login}")
