"""Amounts of money as every answer writes them."""

from __future__ import annotations

from marshmallow import fields

from contracts.schema import Schema

CURRENCY = "PLN"  # of what messages cost; invoices name their own


class Money(Schema):
    amount = fields.Integer(required=True, metadata={"description": "Minor units"})
    currency = fields.String(required=True)
