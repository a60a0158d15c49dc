"""The bus: RPC calls and confirmed lane batches a second, beside Nameko's own client and a bare pika publisher.

    python bench/bus.py [--calls 4000] [--batches 2000]

Needs `WICI_TEST_AMQP_URL` and `WICI_TEST_RABBITMQCTL`, as the tests do; makes and deletes a vhost of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pika
import psutil
from figures import Figure, tell

from chassis import testing
from chassis.broker import Broker
from chassis.rpc_client import RpcClient
from chassis.topology import quorum_arguments
from contracts.errors import Unavailable
from contracts.lanes import BATCHES_DONE
from gateway import cpu_seconds

THREADS = 20
BATCH = b"x" * 70_000
RECIPIENTS = 500

ECHO = """
from chassis.service import rpc
class Echo:
    name = "echo"
    @rpc
    def echo(self, actor, payload):
        return payload
"""
PEER = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from chassis import seals
from nameko.standalone.rpc import ClusterRpcProxy
url, calls, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def work(count):
    with ClusterRpcProxy({"AMQP_URI": url}) as cluster:
        for number in range(count):
            cluster.echo.echo(seals.sealed({}, "echo.echo"), {"number": number})
started = time.perf_counter()
with ThreadPoolExecutor(threads) as pool:
    list(pool.map(work, [calls // threads] * threads))
print(calls / (time.perf_counter() - started))
"""


def rpc_rate(url: str, calls: int, pids: dict[str, int]) -> tuple[float, dict[str, float]]:
    """Calls a second, and microseconds of CPU a call by process."""
    broker = Broker(url, "bench").start()
    client = RpcClient(broker)
    ends = time.monotonic() + 30
    while True:
        try:
            client.call("echo.echo", {}, {}, deadline=2)
            break
        except Unavailable:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: client.call("echo.echo", {}, {"number": number}), range(calls)))
    elapsed = time.perf_counter() - started
    spent = {name: (cpu_seconds(pid) - before[name]) / calls * 1e6 for name, pid in pids.items()}
    broker.close()
    return calls / elapsed, spent


def broker_pid() -> int:
    """Of the RabbitMQ that was started for this."""
    run = os.environ["WICI_RUN"]
    found = (process for process in psutil.process_iter(["name", "cmdline"]) if process.info["name"] == "beam.smp")
    return next(process.pid for process in found if run in " ".join(process.info["cmdline"]))


def publish_rate(url: str, batches: int) -> float:
    broker = Broker(url, "bench").start()
    started = time.perf_counter()
    wait([broker.publish(BATCHES_DONE, BATCH) for _ in range(batches)])
    elapsed = time.perf_counter() - started
    broker.close()
    return batches / elapsed


def bare_rate(url: str, batches: int) -> float:
    """The limit: pika without confirms into the same kind of queue."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("bare", durable=True, arguments=quorum_arguments("bare", 20))
    properties = pika.BasicProperties(delivery_mode=2)
    started = time.perf_counter()
    for _ in range(batches):
        channel.basic_publish("", "bare", BATCH, properties)
    channel.queue_declare("bare", passive=True)  # answered after all that was sent before it
    elapsed = time.perf_counter() - started
    connection.close()
    return batches / elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--batches", type=int, default=2000)
    options = parser.parse_args()
    url = testing.make_vhost()
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"wici-bench-{os.getpid()}"
    folder.mkdir()
    (folder / "echo_service.py").write_text(ECHO)
    nameko = str(Path(sys.executable).with_name("nameko"))
    service = subprocess.Popen(
        [nameko, "run", "--broker", url, "echo_service"], cwd=folder, env={**os.environ, "AMQP_URL": url},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        pids = {"service": service.pid, "caller": os.getpid(), "RabbitMQ": broker_pid()}
        ours, spent = rpc_rate(url, options.calls, pids)
        peer = float(
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", PEER, url, str(options.calls // 2), str(THREADS)],
                capture_output=True, text=True, check=True,
            ).stdout
        )  # fmt: skip
        print(
            f"rpc, {THREADS} threads    ours {ours:8,.0f} calls/s   ClusterRpcProxy {peer:8,.0f}   ratio {ours / peer:.2f}"
        )
        print("             µs CPU a call: " + ", ".join(f"{name} {micro:.0f}" for name, micro in spent.items()))
        tell(Figure("calls by RPC", "/s", ours, ("ClusterRpcProxy", peer), cpu=spent))
        published, bare = publish_rate(url, options.batches), bare_rate(url, options.batches)
        tell(Figure("lane, batches of 70 KB confirmed", "/s", published, limit=("bare pika", bare)))
        print(
            f"lane, 70 KB batches  ours {published:8,.0f} confirmed/s  bare pika {bare:8,.0f}   ratio {published / bare:.2f}"
            f"   = {published * RECIPIENTS:,.0f} recipients/s"
        )
    finally:
        service.terminate()
        service.wait(60)
        testing.delete_vhost(url)
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()


if __name__ == "__main__":
    main()
