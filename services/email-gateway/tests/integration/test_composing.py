"""Composing processes: one that dies costs nothing, and none outlives its sender."""

from __future__ import annotations

import psutil

from chassis.database import Database
from chassis.testing import Launcher, wait_until

from .conftest import Campaign, Heard, World, sender_env, states
from .test_outbound import addresses, truth


def workers_of(pid: int) -> list[psutil.Process]:
    """The composing processes of a sender."""
    return [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]


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
