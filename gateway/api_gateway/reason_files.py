"""Files of an import's rows, whose reasons are put into words in the language of whoever downloads them.

Contacts keeps the codes; a file of an older release has sentences, which stay as they are.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from api_gateway.languages import POLISH, Texts
from contracts.contacts import import_reasons

_CODE = re.compile(r"[a-z][a-z0-9_+]*\.[a-z_]+").fullmatch
_HEADS = {POLISH: ("wiersz", "powód")}
CHARACTERS_AT_ONCE = 1 << 16  # a row may have a million of them


def in_words(pieces: Iterable[bytes], told: Texts) -> Iterator[bytes]:
    """The same file: its first two columns, row and reason, for a reader."""

    @lru_cache(maxsize=1_024)  # few reasons, many rows
    def said(reason: str) -> str:
        return "; ".join(
            told.import_reason(code, import_reasons.of(code)) if _CODE(code) else code for code in reason.split("; ")
        )

    rows = csv.reader(_lines(pieces), delimiter=";")
    yield codecs.BOM_UTF8
    header = next(rows, None)
    if header is None:
        return
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow([*_HEADS.get(told.language, header[:2]), *header[2:]])
    for row in rows:
        writer.writerow([row[0], said(row[1]), *row[2:]] if len(row) > 1 else row)
        if written.tell() >= CHARACTERS_AT_ONCE:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines with their ends; one may go over the end of a piece."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(), ""
    for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest
