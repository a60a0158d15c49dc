"""gunicorn's settings. The application, its broker connection and threads are made after the fork, in each worker."""

from __future__ import annotations

import os
import shutil
from typing import Any

from api_gateway import metrics_folder
from api_gateway.config import DEFAULT_THREADS, Config
from chassis import logs
from chassis.logs import get_logger

# Set before anything imports prometheus_client in a worker: the counters of all workers lie in files of this folder.
METRICS_FOLDER = metrics_folder.name_for(Config.spool_folder_of(os.environ))
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_FOLDER)

bind = [os.environ.get("GATEWAY_BIND", "127.0.0.1:8000")]
# Metrics are on a port that nobody passes on.
_host, _, _port = bind[0].rpartition(":")
HEALTH_PORT = os.environ.get("HEALTH_PORT", "")
if HEALTH_PORT not in ("", "0", _port):
    bind.append(f"{'127.0.0.1' if _host == 'unix' else _host}:{HEALTH_PORT}")
if os.environ.get("GATEWAY_OPERATOR_BIND"):
    bind.append(os.environ["GATEWAY_OPERATOR_BIND"])
wsgi_app = "api_gateway.app:from_environment()"
workers = int(os.environ.get("GATEWAY_WORKERS", "2"))
worker_class = "api_gateway.worker.Worker"
threads = int(os.environ.get("GATEWAY_THREADS", DEFAULT_THREADS))
worker_connections = 2000
backlog = 2048
preload_app = False
timeout = 60
graceful_timeout = 30
keepalive = 15
# Click links hold their target; a signed link of 2,000 characters is about 2,900 long.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 16380
# The application itself decides whose X-Forwarded-For it believes.
forwarded_allow_ips = ""
accesslog = None
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None


def on_starting(server: Any) -> None:
    logs.configure("api_gateway", "gunicorn")
    metrics_folder.make(METRICS_FOLDER)


def post_fork(server: Any, worker: Any) -> None:
    from chassis import spans  # which imports prometheus_client

    logs.configure("api_gateway", "gunicorn")
    spans.configure("api_gateway", "gunicorn")


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    shutil.rmtree(METRICS_FOLDER, ignore_errors=True)


def worker_exit(server: Any, worker: Any) -> None:
    from chassis import spans

    app = getattr(worker, "wsgi", None)
    if app is not None and "wiring" in getattr(app, "extensions", {}):
        app.extensions["wiring"].close()
        get_logger().info("worker_closed")
    spans.flush()
