"""DejaVu, which has the letters that the built-in fonts of PDF lack: Polish ones among others."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"


@cache
def register() -> None:
    """Make the fonts known to reportlab, once a process."""
    for name in (PLAIN, BOLD):
        with (files(__package__) / f"{name}.ttf").open("rb") as file:
            pdfmetrics.registerFont(TTFont(name, file))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
