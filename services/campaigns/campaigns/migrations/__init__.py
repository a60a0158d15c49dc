"""Numbered Alembic revisions of the campaigns database."""
