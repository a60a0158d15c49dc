"""What a file is, by its first bytes and its name; and what is not passed on: programs, and documents with macros."""

from __future__ import annotations

import mimetypes

# What Gmail and Outlook refuse, too: a mail with one of these reaches nobody and costs the domain's reputation.
_PROGRAMS = (
    "ade adp apk app appx bat cab chm cmd com cpl dll dmg ex ex_ exe hta ins iso isp jar js jse lib lnk mde msc msi"
    " msix msp mst nsh pif ps1 reg scr sct shb sh sys vb vbe vbs vhd vxd wsc wsf wsh xll"
)
PROGRAMS = frozenset(_PROGRAMS.split(" "))
_PROGRAM_STARTS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
)
# Office Open XML says by its extension that it may hold macros, and keeps them in a part of this name; older documents
# keep them in a stream (MS-OVBA 2.2.1), whose name stands in their directory in UTF-16.
_WITH_MACROS = frozenset(["docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppam", "ppsm", "sldm"])
_MACRO_PARTS = (b"vbaProject.bin", "_VBA_PROJECT".encode("utf-16-le"))
_DOCUMENT_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
LONGEST_MARK = max(map(len, _MACRO_PARTS))

_IMAGES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"))
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_STARTS = (*_IMAGES, (b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"))


def media_type(filename: str, start: bytes) -> str:
    """What its first bytes say, else its name: a name alone would have a page pass for an image."""
    found = next((kind for beginning, kind in _STARTS if start.startswith(beginning)), None)
    if found is None and start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        found = "image/webp"
    named = mimetypes.guess_type(filename)[0] or "application/octet-stream"
    if found == "application/zip" and named.startswith("application/"):
        return named  # documents of offices are zip files
    if found is None and named.startswith(("image/", "application/pdf")) and named != "image/svg+xml":
        return "application/octet-stream"
    return found or named


def is_program(filename: str, start: bytes) -> bool:
    return any(extension in PROGRAMS for extension in _extensions(filename)) or start.startswith(_PROGRAM_STARTS)


def names_macros(filename: str) -> bool:
    """Whether its name says that it is a document with macros."""
    return any(extension in _WITH_MACROS for extension in _extensions(filename))


def may_hold_macros(start: bytes) -> bool:
    """Whether it is a document of a kind in which `holds_macros` is to be looked for."""
    return start.startswith(_DOCUMENT_STARTS)


def holds_macros(piece: bytes) -> bool:
    """Whether a piece of a document has the mark of macros; pieces overlap by `LONGEST_MARK`."""
    return any(mark in piece for mark in _MACRO_PARTS)


def _extensions(filename: str) -> list[str]:
    return filename.lower().rstrip(". ").split(".")[1:]
