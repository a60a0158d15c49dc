"""Charts of a report: bars over hours, and one bar of shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.units import mm

from chassis.paper.fonts import PLAIN
from chassis.paper.layout import FAINT, INK, RULE, WIDTH

MAIN, SECOND, GOOD, BAD, REST = (HexColor(one) for one in ("#2f6fb3", "#e08a1e", "#3b8f5a", "#c2453d", "#a9b3bd"))
SIZE = 7
AXIS = 11 * mm


def nice_step(most: int, lines: int = 4) -> int:
    """The step of an axis from 0 to at least `most` in up to `lines` steps: 1, 2 or 5 times a power of ten."""
    if most <= lines:
        return 1
    rough = most / lines
    power = 10 ** math.floor(math.log10(rough))
    return int(next(step * power for step in (1, 2, 5, 10) if step * power >= rough))


def bars(
    labels: Sequence[str],
    series: Sequence[Sequence[int]],
    colours: Sequence[Color],
    numbers: Sequence[str],
    *,
    step: int,
    height: float = 48 * mm,
) -> Drawing:
    """Bars side by side, one group for each label; every some labels are written.

    :param numbers: of the axis, from 0 in steps of `step`.
    """
    drawing = Drawing(WIDTH, height)
    bottom, top = 7 * mm, height - 3 * mm
    most = step * (len(numbers) - 1)
    for place, written in enumerate(numbers):
        y = bottom + (top - bottom) * place / (len(numbers) - 1)
        drawing.add(Line(AXIS, y, WIDTH, y, strokeColor=RULE if place else INK, strokeWidth=0.4))
        drawing.add(_text(AXIS - 2 * mm, y - 2, written, anchor="end"))
    group = (WIDTH - AXIS) / max(len(labels), 1)
    wide = min(group * 0.8 / len(series), 9 * mm)
    every = max(1, math.ceil(len(labels) / 8))
    for number, label in enumerate(labels):
        middle = AXIS + group * (number + 0.5)
        left = middle - wide * len(series) / 2
        for amounts, colour in zip(series, colours, strict=True):
            tall = (top - bottom) * amounts[number] / most if most else 0
            drawing.add(Rect(left, bottom, wide * 0.92, tall, fillColor=colour, strokeColor=None))
            left += wide
        if number % every == 0:
            anchor = "middle" if number else "start"
            drawing.add(_text(middle if number else AXIS, 2 * mm, label, anchor=anchor))
    return drawing


def shares(parts: Sequence[tuple[int, Color]], *, height: float = 7 * mm) -> Drawing:
    """One bar in parts, each as wide as its share."""
    drawing = Drawing(WIDTH, height)
    whole = sum(amount for amount, _ in parts)
    left = 0.0
    for amount, colour in parts:
        wide = WIDTH * amount / whole if whole else 0
        if wide:
            drawing.add(Rect(left, 0, wide, height, fillColor=colour, strokeColor=None))
        left += wide
    if not whole:
        drawing.add(Rect(0, 0, WIDTH, height, fillColor=RULE, strokeColor=None))
    return drawing


def _text(x: float, y: float, written: str, *, anchor: str) -> String:
    return String(x, y, written, fontName=PLAIN, fontSize=SIZE, fillColor=FAINT, textAnchor=anchor)
