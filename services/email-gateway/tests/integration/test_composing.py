"""Composing processes: one that dies costs nothing, a message that kills them is refused, none outlives its sender."""

from __future__ import annotations

from pathlib import Path

import psutil
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import Launcher, wait_until

from .conftest import Campaign, Heard, World, sender_env, states
from .test_outbound import addresses, truth


def workers_of(pid: int) -> list[psutil.Process]:
    """The composing processes of a sender."""
    return [child for child in psutil.Process(pid).children() if "chassis.confined" in " ".join(child.cmdline())]


def test_killed_workers_lose_nothing_and_repeat_nothing(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher
) -> None:
    sender = launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))
    everybody = addresses(4000, "stalaklientka")
    for start in range(0, 4000, 500):
        campaign.publish(campaign.batch(everybody[start : start + 500], first=start + 1))
    wait_until(lambda: world.call("/counts")["accepted"] > 500, what="the first mails")

    killed = workers_of(sender.pid)
    for worker in killed:
        worker.kill()

    assert killed
    expected = truth(everybody)
    wait_until(lambda: states(database, campaign.account_id) == expected, timeout=60, what="everybody's end")
    assert world.call("/counts")["duplicates"] == 0
    assert not set(workers_of(sender.pid)) & set(killed)


def test_workers_end_with_a_killed_sender(campaign: Campaign, heard: Heard, world: World, launch: Launcher) -> None:
    sender = launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))
    campaign.publish(campaign.batch(["ala@poczta.example"]))
    wait_until(world.mails, what="the mail")
    workers = workers_of(sender.pid)

    sender.kill()

    assert workers
    wait_until(lambda: not any(worker.is_running() for worker in workers), what="the workers' end")


# Run by Python as it starts: a composing process dies of an address that begins with `trucizna`.
POISON = """
import sys
if "chassis.confined" in sys.orig_argv:
    import os, signal
    from email_gateway.content.compose import Composer
    compose = Composer.compose
    def dying(self, **asked):
        if asked["address"].startswith("trucizna"):
            os.kill(os.getpid(), signal.SIGSEGV)
        return compose(self, **asked)
    Composer.compose = dying
"""


def test_a_message_that_kills_its_worker_is_refused_and_all_others_leave(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(POISON)
    launch(
        "email_gateway.outbound",
        service="email_gateway",
        env=sender_env(world, PYTHONPATH=str(tmp_path), EMAIL_CHUNK="16"),
    )
    everybody = addresses(100, "stalaklientka")
    everybody[33] = "trucizna@poczta.example"

    campaign.publish(campaign.batch(everybody))

    expected = truth(everybody[:33] + everybody[34:]) | {"rejected": 1}
    wait_until(lambda: states(database, campaign.account_id) == expected, timeout=90, what="everybody's end")
    wait_until(lambda: heard.done, what="the batch's end")
    with database.transaction() as session:
        # Of this campaign: the lane may still bring what another test left there.
        refused = session.execute(
            text("SELECT address, code FROM ledger WHERE state = 'rejected' AND account_id = :account"),
            {"account": campaign.account_id},
        ).all()
    assert [tuple(row) for row in refused] == [("trucizna@poczta.example", "content.too_costly")]


def test_a_content_that_kills_worker_after_worker_is_composed_no_more(
    database: Database, campaign: Campaign, heard: Heard, world: World, launch: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(POISON)
    env = sender_env(world, PYTHONPATH=str(tmp_path), EMAIL_CHUNK="8")
    launch("email_gateway.outbound", service="email_gateway", env=env)
    campaign.publish(campaign.batch(addresses(100, "trucizna")))

    wait_until(
        lambda: states(database, campaign.account_id) == {"rejected": 100}, timeout=120, what="the campaign's end"
    )
