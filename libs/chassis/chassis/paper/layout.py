"""How paper of ours looks: styles, numbers as Polish readers write them, pages that know how many there are."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from chassis.paper.fonts import BOLD, PLAIN

MARGIN, BOTTOM = 16 * mm, 18 * mm
WIDTH = A4[0] - 2 * MARGIN
INK, FAINT, RULE, SHADE = HexColor("#16202c"), HexColor("#5b6673"), HexColor("#c5ccd3"), HexColor("#f1f3f5")
FIXED_SPACE = "\u00a0"
BREAKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")

BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=8.5, leading=11.5, textColor=INK)
SMALL = ParagraphStyle("small", BODY, fontSize=7.5, leading=10, textColor=FAINT)
CELL = ParagraphStyle("cell", BODY, fontSize=8, leading=10.5)
NUMBER = ParagraphStyle("number", CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", CELL, fontName=BOLD, fontSize=7.5)
HEAD_NUMBER = ParagraphStyle("head-number", HEAD, alignment=TA_RIGHT)
BOLD_BODY = ParagraphStyle("bold", BODY, fontName=BOLD)
BOLD_NUMBER = ParagraphStyle("bold-number", NUMBER, fontName=BOLD)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=15, leading=19)
TOTAL = ParagraphStyle("total", BODY, fontName=BOLD, fontSize=13, leading=17, alignment=TA_RIGHT)
MARK = ParagraphStyle("mark", BODY, fontName=BOLD, fontSize=11, leading=14, alignment=TA_RIGHT)


def text(*lines: str, style: ParagraphStyle = BODY) -> Paragraph:
    """A paragraph of these lines and no more, whatever is in them: breaks become spaces, markup has no effect."""
    return Paragraph("<br/>".join(escape(BREAKS.sub(" ", line)) for line in lines), style)


def money(amount: int) -> str:
    """`1 234,56` of 123456 minor units, with spaces that no line breaks at."""
    whole, part = divmod(abs(amount), 100)
    grouped = f"{whole:,}".replace(",", FIXED_SPACE)
    return f"{'−' if amount < 0 else ''}{grouped},{part:02d}"


class NumberedCanvas(Canvas):
    """Holds the pages back until their number is known, then writes a foot on each."""

    def __init__(self, *arguments: Any, foot: str = "", page: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._foot, self._page = foot, page
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self._draw_foot(number, len(self._pages))
            Canvas.showPage(self)
        Canvas.save(self)

    def _draw_foot(self, number: int, count: int) -> None:
        self.setFont(PLAIN, 7.5)
        self.setFillColor(FAINT)
        self.drawString(MARGIN, 10 * mm, self._foot)
        self.drawRightString(A4[0] - MARGIN, 10 * mm, self._page.format(number=number, count=count))


def render(
    story: list[Flowable],
    *,
    title: str,
    author: str,
    foot: str,
    language: str = "pl",
    page: str = "Strona {number} z {count}",
) -> bytes:
    """The PDF; the same story gives the same bytes, since neither a clock nor a random id goes in."""
    paper = BytesIO()
    document = BaseDocTemplate(paper, pagesize=A4, title=title, author=author, invariant=1, lang=language)
    area = Frame(MARGIN, BOTTOM, WIDTH, A4[1] - MARGIN - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[area]))
    document.build(story, canvasmaker=lambda *given, **options: NumberedCanvas(*given, foot=foot, page=page, **options))
    return paper.getvalue()
