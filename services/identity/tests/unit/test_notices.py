"""Every act in the trail is told by mail, or there is a reason why not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from identity.domain.notices import MAILED, NOT_MAILED, OF_OTHERS

ACT = re.compile(r"[a-z_]+\.[a-z_]+")
RECORDERS = {"record", "_record", "_record_operated", "_announce", "_end", "_end_sessions", "_set_password"}


def _acts_given_to(names: set[str]) -> Iterator[str]:
    for module in Path(str(files("identity"))).glob("usecases/*.py"):
        for call in (node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)) if name in names else ():
                for node in ast.walk(argument):
                    if isinstance(node, ast.Constant) and ACT.fullmatch(str(node.value)):
                        yield str(node.value)


def test_every_act_is_mailed_or_says_why_not() -> None:
    recorded = set(_acts_given_to(RECORDERS))
    assert len(recorded) > 30
    assert recorded - MAILED.keys() - NOT_MAILED.keys() == set()
    assert MAILED.keys() & NOT_MAILED.keys() == set()
    assert NOT_MAILED.keys() - recorded == set(), "a reason for what nobody does"


def test_every_act_that_is_mailed_is_told_somewhere() -> None:
    told = set(_acts_given_to({"tell", "tell_owner", "_set_password"}))
    assert told | {*OF_OTHERS} == MAILED.keys()
    assert told & {*OF_OTHERS} == set()


@pytest.mark.parametrize("act", sorted(MAILED))
def test_an_act_has_words_in_both_languages_unless_a_text_of_its_own_says_all(act: str) -> None:
    notice = MAILED[act]
    needs_words = notice.owner or notice.template is None
    pl, en = [notice.words(language, "jan", {"domain": "sklep.example"}) for language in ("pl", "en")]
    assert [bool(pl), bool(en)] == [needs_words] * 2
    assert not needs_words or pl != en
