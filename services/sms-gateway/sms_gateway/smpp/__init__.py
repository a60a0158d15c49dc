"""SMPP 3.4: codec, windowed client, receipts. Nothing here knows of databases or lanes."""
