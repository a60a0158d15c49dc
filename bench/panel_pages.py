"""The panel as a browser has it: Lighthouse, what its first load weighs, and the contact list over many contacts.

    CONTACTS=1000000 make bench B=bench/panel_pages.py

Lighthouse looks at the log-in page and, logged in, at the home page and the contact list, each on a fresh load; it comes
from npm, into `.run`, and is no part of the project. The contact list is that of an account that has just imported
CONTACTS; its times are those of the page, from the reload to the first row and from the last key to the filtered rows.
The load of the machine stands above all, for every one of these is a figure of the clock.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "deploy/local"), str(ROOT / "tests"), str(ROOT / "tests/e2e")]

from browsing import CHROMIUM, QUIET
from environment import running
from journey import Journey
from places import RUN
from playwright.sync_api import Page, sync_playwright

import panel

LIGHTHOUSE = "lighthouse@13.5.0"
FOLDER = RUN / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
GOALS = (95, 100, 100)
FIRST_LOAD_KB = 245
PATIENCE_MS = 300_000
CONTACTS = int(os.environ.get("CONTACTS", "1000000"))
PORT = 9222 + int(os.environ.get("WICI_PORT_OFFSET", "0")) % 20_000
REPEATS = 5


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    journey = Journey(running())
    journey.register()
    journey.become_operator()
    journey.give_plan()
    import_contacts(journey)
    install_lighthouse()
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as tools:
        arguments = [*QUIET, f"--remote-debugging-port={PORT}"]
        browser = tools.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=arguments, base_url=journey.public.base_url, locale="en-GB"
        )
        page = browser.pages[0]
        page.set_default_timeout(PATIENCE_MS)
        page.goto("/")
        weigh("log-in", page)
        log_in(page, journey)
        weigh("home", page)
        time_contacts(page)
        base = journey.public.base_url
        for name, path in (("home", "/app"), ("contacts", "/app/contacts")):
            show_scores(name, lighthouse(f"{base}{path}"))
        browser.clear_cookies()
        show_scores("log-in", lighthouse(f"{base}/"))
        browser.close()


def weigh(name: str, page: Page) -> None:
    """All that a browser fetches of the panel's own files until the page is there and quiet, as it came over the wire."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}
    wire.on("Network.responseReceived", lambda told: addresses.update({told["requestId"]: told["response"]["url"]}))
    wire.on("Network.loadingFinished", lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}))
    page.reload()
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    own = [size for request, size in sizes.items() if "/assets/" in addresses.get(request, "")]
    print(f"{name:9} first load: {len(own)} files, {sum(own) / 1000:.0f} KB packed, goal {FIRST_LOAD_KB}")
    wire.detach()


def import_contacts(journey: Journey) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contacts.csv"
        with file.open("w", encoding="utf-8") as lines:
            lines.write("first_name,last_name,phone,email,city\n")
            for number in range(CONTACTS):
                city = ("Gdynia", "Łódź", "Hel")[number % 3]
                lines.write(f"Anna,Nowak{number},+48{600_000_000 + number},a{number}@poczta.example,{city}\n")
        journey.import_contacts(file, group="All", seconds=3_600)
    print(f"{CONTACTS:,} contacts imported in {time.monotonic() - began:.0f} s")


def install_lighthouse() -> None:
    if (FOLDER / "node_modules/lighthouse").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    npm = panel.node_folder() / "lib/node_modules/npm/bin/npm-cli.js"
    run_node(
        npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", LIGHTHOUSE
    )


def log_in(page: Page, journey: Journey) -> None:
    page.goto("/app")
    page.get_by_label("Login").fill(journey.login)
    page.get_by_label("Password", exact=False).first.fill(journey.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name=f"Hello, {journey.login}").wait_for()


def time_contacts(page: Page) -> None:
    """From a reload to the first row, and from the last key of a search to its rows; the middle one of a few."""
    first, filtered = [], []
    for repeat in range(REPEATS):
        page.goto("/app/contacts")
        began = time.perf_counter()
        page.reload()
        page.locator("tbody tr").first.wait_for()
        first.append(time.perf_counter() - began)
        wanted = f"Nowak{CONTACTS // 2 + repeat}"
        began = time.perf_counter()
        page.get_by_label("Search contacts").fill(wanted)
        page.get_by_role("link", name=wanted).wait_for()
        filtered.append(time.perf_counter() - began)
    print(
        f"contact list of {CONTACTS:,}: first row after {middle(first):.0f} ms, filtered after {middle(filtered):.0f} ms"
    )


def middle(seconds: list[float]) -> float:
    return 1_000 * sorted(seconds)[len(seconds) // 2]


def lighthouse(url: str) -> dict[str, Any]:
    """What Lighthouse says of a page in the browser that is open, with its log-in: as a desktop has it."""
    report = FOLDER / "report.json"
    run_node(
        FOLDER / "node_modules/lighthouse/cli/index.js", url, f"--port={PORT}", "--disable-storage-reset", "--preset=desktop",
        "--output=json", f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}", "--quiet",
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(report.read_text())
    return answer


def show_scores(name: str, report: dict[str, Any]) -> None:
    scores = [round(100 * report["categories"][category]["score"]) for category in CATEGORIES]
    told = ", ".join(
        f"{category} {score} (goal {goal})" for category, score, goal in zip(CATEGORIES, scores, GOALS, strict=True)
    )
    print(f"{name:9} {told}; at {report['finalDisplayedUrl']}")
    for category, goal, score in zip(CATEGORIES, GOALS, scores, strict=True):
        if score < goal:
            for reference in report["categories"][category]["auditRefs"]:
                audit = report["audits"][reference["id"]]
                if reference["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                    print(f"          {category}: {audit['title']} {audit.get('displayValue', '')}")


def run_node(*words: str | Path) -> None:
    program = panel.node_folder() / "bin/node"
    environ = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([program, *words], cwd=FOLDER, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    if shutil.which(CHROMIUM) is None:
        sys.exit("no Chromium here: apt-get install chromium, or WICI_CHROMIUM=…")
    main()
