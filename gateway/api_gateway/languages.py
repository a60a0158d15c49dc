"""Texts for people, in the language that the request asks for (`Accept-Language`, RFC 9110 section 12.5.4).

Services and schemas speak English, with a stable code and the facts beside the text; what they say is put into another
language here, by `texts/<language>.toml`. What has no text there stays English, and the answer says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Response, request

from contracts.errors import FieldError

ENGLISH, POLISH = "en", "pl"
LANGUAGES = (ENGLISH, POLISH)
# RFC 3463: what a mail server refuses, now (4) or for good (5). What is wrong is the same then.
_ENHANCED = re.compile(r"[45]\.(\d{1,3}\.\d{1,3})")


class Texts:
    """The texts of one language, for one answer.

    :ivar used: the languages of what was told so far.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.used: set[str] = set()
        self._tables = _tables(language)

    def title(self, status: int, english: str) -> str:
        """The title of a problem."""
        return self._told(self._table("titles").get(str(status)), english)

    def detail(self, code: str, english: str, facts: Mapping[str, Any]) -> str:
        """What a problem or a field says; `english` where there is no text, or a fact that it names is missing."""
        if not english:
            return english
        template = self._table("sentences").get(english) or self._table("codes").get(code)
        return self._told(_filled(template, facts), english)

    def field_error(self, error: FieldError) -> FieldError:
        return {**error, "detail": self.detail(error["code"], error["detail"], error.get("parameters", {}))}

    def name(self, table: str, key: str, english: str) -> str:
        """The name of one of `permissions`, `fields`, `operators`."""
        return self._told(self._table(table).get(key), english)

    def outcome(self, channel: str, code: str | None) -> str | None:
        """What the code of a message's outcome means; None: of success, or a carrier's own, which nobody else knows."""
        table, code = self._table("outcomes"), code or ""
        enhanced = _ENHANCED.fullmatch(code)
        said = table.get(f"{channel}.{enhanced[1] if enhanced else code}") or table.get(code)
        return said and self._told(said, said)

    def outcome_detail(self, detail: str | None) -> str | None:
        """What our own senders said beside a code; None: others said it, or nobody anything."""
        said = self._table("outcome_details").get(detail or "")
        return said and self._told(said, said)

    def import_reason(self, code: str, english: str) -> str:
        """Why a value or row of an import is refused: by its code, or what is wrong with whichever field."""
        field, _, wrong = code.partition(".")
        table = self._table("import_reasons")
        return self._told(_filled(table.get(code) or table.get(wrong), {"field": field}), english)

    def label(self, answer: Response) -> None:
        """Say on the answer what language it is in, and what that depends on."""
        answer.headers["Content-Language"] = ", ".join(sorted(self.used, key=LANGUAGES.index)) or self.language
        answer.vary.add("Accept-Language")

    def _table(self, name: str) -> Mapping[str, str]:
        return self._tables.get(name, {})

    def _told(self, text: str | None, english: str) -> str:
        self.used.add(self.language if text is not None else ENGLISH)
        return english if text is None else text


def texts() -> Texts:
    """Texts in the language of the request at hand; English where it names none that there is."""
    return Texts(request.accept_languages.best_match(LANGUAGES, ENGLISH) if request.accept_languages else ENGLISH)


@cache
def _tables(language: str) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files("api_gateway").joinpath("texts", f"{language}.toml").read_text("utf-8"))


def _filled(template: str | None, facts: Mapping[str, Any]) -> str | None:
    if template is None:
        return None
    try:
        return template.format_map({name: _written(fact) for name, fact in facts.items()})
    except (KeyError, ValueError, IndexError, AttributeError):
        return None


def _written(fact: Any) -> str:
    return ", ".join(map(str, fact)) if isinstance(fact, list) else str(fact)
