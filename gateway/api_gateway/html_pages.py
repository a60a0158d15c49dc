"""HTML pages for people, made from the files of `templates/`; Jinja2 escapes everything that is put into them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined


def page(
    template: str, language: str, status: int, *, form_targets: str = "'self'", pictures: str = "'none'", **values: Any
) -> Response:
    """A page that loads nothing from elsewhere, in the `language` of our own words.

    :param form_targets: sources of the policy's `form-action`: where the page's form may lead.
    :param pictures: sources of the policy's `img-src`.
    :param values: what the template names; a name that is missing is an error.
    """
    text = _environment().get_template(f"{template}.html").render(language=language, **values)
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action {form_targets};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    answer.headers["Content-Language"] = language
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.vary.add("Accept-Language")
    return answer


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
