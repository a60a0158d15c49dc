"""Which encoding the bytes of a text file are in; Polish files of forty years come in four."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from contacts.domain.files import byte_blocks
from contacts.exceptions import FileRefused

SAMPLE_BYTES = 1 << 20
# Names as the API knows them.
CODECS = {
    "utf-8": "utf-8", "utf-16": "utf-16", "windows-1250": "cp1250", "iso-8859-2": "iso8859-2", "cp852": "cp852",
}  # fmt: skip
PUBLIC_NAMES = {
    "utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16", "utf-16-le": "utf-16", "utf-16-be": "utf-16",
    "cp1250": "windows-1250", "iso8859-2": "iso-8859-2", "cp852": "cp852",
}  # fmt: skip

# Letters that Polish text is made of; the legacy encodings put them at different bytes.
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_LEGACY = ("cp1250", "iso8859-2", "cp852")
# Between words of any encoding, and no reason to think it another.
_COMMON = frozenset("\r\n\t\u00a0\u00ad„”–—’…•€§°ßäöüÄÖÜáéíčěřšžýúôÁÉÍČŠŽ")


class EncodingDetector:
    """Feed it all of a file; it holds counts, never the file."""

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True
        self._head = b""
        self._nul = False
        self._zeros = [0, 0]  # among the bytes at even places, and at odd ones
        self._fed = 0

    def feed(self, chunk: bytes) -> None:
        if len(self._head) < 4:
            self._head += chunk[:4]
        if self._fed < SAMPLE_BYTES and b"\x00" in chunk:
            for at in (0, 1):
                self._zeros[(self._fed + at) % 2] += chunk[at::2].count(0)
        self._fed += len(chunk)
        self._nul = self._nul or b"\x00" in chunk
        if self._is_utf8:
            self._try_utf8(chunk, final=False)

    def encoding(self, *, whole: bool = True) -> str | None:
        """The encoding; None where it is not UTF-8 and nothing at its beginning says what it is (`mixed` does).

        :param whole: all of the file was fed, not its beginning alone.
        :raises FileRefused: these bytes are no text in any encoding that is read.
        """
        for bom in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            if self._head.startswith(bom):
                return "utf-16"
        if self._nul:
            return self._without_bom()
        if whole:
            self._try_utf8(b"", final=True)
        return "utf-8" if self._is_utf8 else None

    def _without_bom(self) -> str:
        # UTF-16 without a mark: separators, line ends and most letters are below U+0100, so of every other byte most
        # are zero, and of those between them next to none.
        even, odd = self._zeros
        seen = min(self._fed, SAMPLE_BYTES) // 2
        if odd * 2 > seen and even * 20 < odd:
            return "utf-16-le"
        if even * 2 > seen and odd * 20 < even:
            return "utf-16-be"
        raise FileRefused("import.not_text", "The file is not text: it holds zero bytes.")

    def _try_utf8(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._utf8.decode(chunk, final)
        except UnicodeDecodeError:
            self._is_utf8 = False


def legacy(sample: bytes) -> str:
    """The legacy encoding that gives most Polish letters, fewest odd signs and no control characters.

    :raises FileRefused: none gives text.
    """
    scores = {}
    for encoding in _LEGACY:
        text = sample.decode(encoding, "replace")
        strange = sum(1 for char in text if char == "\ufffd" or not (char.isprintable() or char in _COMMON))
        if strange * 50 > len(text):
            continue
        odd = sum(1 for char in text if not char.isascii() and char not in _POLISH and char not in _COMMON)
        scores[encoding] = sum(1 for char in text if char in _POLISH) - odd - 10 * strange
    if not scores:
        raise FileRefused("import.not_text", "The file is not text in any encoding that is read.")
    return max(scores, key=lambda encoding: (scores[encoding], -_LEGACY.index(encoding)))


def mixed(chunks: Iterable[bytes]) -> tuple[str, str | None]:
    """The encoding of most lines of a file that is not wholly UTF-8, and that of its others, where it has such.

    :raises FileRefused: no encoding gives text.
    """
    utf8, odd, sample = 0, 0, bytearray()
    for block in byte_blocks(chunks):
        for line in block.splitlines(keepends=True):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8 += 1
            except UnicodeDecodeError:
                odd += 1
                if len(sample) < SAMPLE_BYTES:
                    sample += line
    if not utf8:
        return legacy(bytes(sample)), None
    try:
        other = legacy(bytes(sample))
    except FileRefused:
        if odd > utf8:
            raise
        return "utf-8", None
    return ("utf-8", other) if utf8 >= odd else (other, "utf-8")
