"""The tables of a channel; the toy has none of its own."""

from alembic import op

from channel import tables
from chassis import erasures
from chassis.tables import create_outbox

revision = "0001"
down_revision = None


def upgrade():
    create_outbox(op)
    erasures.create(op)
    tables.create_all(op)
