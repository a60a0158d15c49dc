"""What the server tells the monitoring."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

BINDS = Gauge("wici_smpp_server_binds", "Binds of partners", ["kind"])
CONNECTIONS = Gauge("wici_smpp_server_connections", "Connections, bound or not")
REFUSED_BINDS = Counter("wici_smpp_server_refused_binds_total", "Binds that were refused", ["reason"])
REQUESTS = Counter("wici_smpp_server_requests_total", "Requests of partners that were answered", ["command", "status"])
ANSWER_SECONDS = Histogram(
    "wici_smpp_server_answer_seconds",
    "From a submit_sm's arrival to its answer, which follows the commit",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
QUEUED = Gauge("wici_smpp_server_queued", "Messages that wait to be stored")
DELIVERIES = Counter("wici_smpp_server_deliveries_total", "deliver_sm by what the partner answered", ["answer"])
EXPIRED = Counter("wici_smpp_server_deliveries_expired_total", "Receipts and answers that nobody took in three days")
