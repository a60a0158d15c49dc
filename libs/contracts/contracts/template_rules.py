"""What a template may hold: an allow-list of filters, tests, functions and kinds of nodes over the parsed template.

Rendering is bounded by the engine's fuel, which counts instructions and the characters that they make. It misses lists
multiplied with `*`, filters that pad or print structures (`tojson(indent=…)`, `pprint`), and values that hold another
value twice: doubled forty times, such a list is small, and printing it takes for ever. And the engine walks long chains
(`a + a + …`, `elif`) by recursion, until the stack ends and the process with it. So what is not known to be harmless is
not taken, and nothing is nested deeper than people write.

Channels render with minijinja; jinja2's parser reads the same language. Where the two differ, a template that jinja2
cannot parse is refused, and `lock` takes from the engine what the list does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from contracts import template_filters

MAX_DEPTH = 100
MAX_LOOPS = 3  # one in another
MAX_RANGE = 10_000
MAX_NUMBER = 2**53
MAX_CONSTANT = 10_000  # characters of a string within a tag
MAX_TOKENS = 20_000  # what tags are made of; parsing that many takes half a second

FILTERS = frozenset({
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last",
    "length", "lower", "max", "min", "replace", "reverse", "round", "safe", "sort", "string", "sum", "title",
    "trim", "unique", "upper", "urlencode", *template_filters.NAMES,
})  # fmt: skip
TESTS = frozenset({
    "boolean", "defined", "divisibleby", "endingwith", "eq", "equalto", "even", "false", "float", "ge",
    "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none",
    "number", "odd", "sequence", "startingwith", "string", "true", "undefined", "upper",
})  # fmt: skip
# What minijinja has or may be given beside these.
_OTHER_FILTERS = (
    "attr", "batch", "bool", "center", "chain", "dictsort", "filesizeformat", "format", "groupby", "indent",
    "items", "lines", "list", "map", "pprint", "random", "reject", "rejectattr", "select", "selectattr", "slice",
    "split", "striptags", "tojson", "truncate", "wordcount", "wordwrap", "zip",
)  # fmt: skip
_OTHER_FUNCTIONS = (
    "cycler", "debug", "dict", "joiner", "lipsum", "namespace",
)  # fmt: skip

_STATEMENTS = (nodes.Template, nodes.Output, nodes.If, nodes.For, nodes.Assign, nodes.AssignBlock, nodes.With)
_EXPRESSIONS = (
    *(nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.List, nodes.Tuple, nodes.Keyword),
)
_PLAIN = frozenset((*_STATEMENTS, *_EXPRESSIONS, nodes.FilterBlock))
_IN_WORDS: dict[type[nodes.Node], str] = {
    nodes.Mul: "multiplication is not available in templates",
    nodes.Pow: "multiplication is not available in templates",
    nodes.Dict: "a template cannot build objects",
    nodes.Include: "a template cannot load another one",
    nodes.Import: "a template cannot load another one",
    nodes.FromImport: "a template cannot load another one",
    nodes.Extends: "a template cannot load another one",
    nodes.Macro: "a template cannot define macros",
    nodes.CallBlock: "a template cannot call macros",
    nodes.NSRef: "a template cannot change a value's attributes",
    nodes.Block: "the tag 'block' is not available in templates",
    nodes.Scope: "the tag 'autoescape' is not available in templates",
}
_TOO_DEEP = "too much is nested or chained in one place"


# Words of the language that its parser takes for names all the same, and names that the engines give a meaning.
_GIVEN = frozenset({
    "and", "elif", "else", "if", "in", "is", "not", "or",
    "caller", "cycler", "debug", "dict", "joiner", "kwargs", "lipsum", "loop", "namespace", "range", "self", "super",
    "varargs",
})  # fmt: skip


class _Bounded(Extension):
    """Ends the parsing of a text that is nearly all tags before it takes long."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for count, token in enumerate(stream):
            if count > MAX_TOKENS:
                raise jinja2.TemplateSyntaxError("there are too many tags", token.lineno)
            yield token


_parser = jinja2.Environment(autoescape=False, extensions=[_Bounded])


_QUOTED = re.compile(r"'([^']{1,60})'")
# What the parser says of a text that it cannot read, and what its author is told.
_SYNTAX = (
    (re.compile(r"Unexpected end of template\..*needs to be closed is '(\w+)'", re.DOTALL), r"the tag '\1' has no end"),
    (re.compile(r"Encountered unknown tag '(\w+)'.*", re.DOTALL), r"there is no tag '\1' here"),
    (re.compile(r"expected token '([^']+)', got '(.+)'", re.DOTALL), r"'\2' stands where \1 is expected"),
)


class _Refused(Exception):
    def __init__(self, node: nodes.Node, why: str) -> None:
        super().__init__(why)
        self.line: int | None = node.lineno


@lru_cache(maxsize=32)
def refusal(source: str) -> str | None:
    """Why the template is not taken, with its line, for a person; None where nothing speaks against it."""
    if not any(mark in source for mark in ("{{", "{%", "{#")):
        return None
    try:
        _check(_parser.parse(source))
    except jinja2.TemplateSyntaxError as error:
        return _at(source, error.lineno, _in_words(error.message or "it cannot be read"))
    except _Refused as refused:
        return _at(source, refused.line, str(refused))
    except (RecursionError, MemoryError):
        return _TOO_DEEP
    except ValueError:
        return "a number in it is too long"
    return None


def _in_words(message: str) -> str:
    for pattern, words in _SYNTAX:
        if (match := pattern.match(message)) is not None:
            return match.expand(words)[:200]
    return message[:200]


def _at(source: str, line: int | None, why: str) -> str:
    """The reason with its line, and the column of what it names where that stands there once."""
    if not line:
        return why
    text, named = (source.split("\n", line)[line - 1 : line] or [""])[0], _QUOTED.search(why)
    places = list(re.finditer(rf"(?<!\w){re.escape(named[1])}(?!\w)", text)) if named is not None else []
    column = f", column {places[0].start() + 1}" if len(places) == 1 else ""
    return f"line {line}{column}: {why}"


def is_variable(name: str) -> bool:
    """Whether a template reads `name` as a value that it is given: no word of the language, nothing of its own."""
    if name in _GIVEN or name.startswith("wici_"):
        return False
    try:
        return meta.find_undeclared_variables(_parser.parse("{{ " + name + " }}")) == {name}
    except jinja2.TemplateSyntaxError:
        return False


# The engine takes a name that is not given for an attribute of the dictionary of values: `{{ items }}` printed a
# method.
METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))


def method_names(environment: Any, source: str) -> frozenset[str]:
    """The variables of a template that a dictionary has a method of."""
    return METHODS.intersection(environment.undeclared_variables_in_str(source))


def guarded(source: str, names: frozenset[str]) -> str:
    """The template with those of its variables undefined that are not given; rendered with `missing` beside."""
    tags = (f"{{% if wici_no_{name} %}}{{% set {name} = wici_undefined %}}{{% endif %}}" for name in sorted(names))
    return "".join(tags) + source


def missing(names: frozenset[str], variables: Mapping[str, Any]) -> dict[str, bool]:
    return {f"wici_no_{name}": name not in variables for name in names}


def lock(environment: Any, *, lenient: bool, space: str = template_filters.SPACE) -> None:
    """Take from a minijinja environment what no template may use, lest the two parsers ever differ; and give it the
    filters that are our own (`template_filters.add_to`)."""
    template_filters.add_to(environment, lenient=lenient, space=space)
    for name in _OTHER_FILTERS:
        environment.remove_filter(name)
    for name in _OTHER_FUNCTIONS:
        environment.remove_global(name)


def _check(template: nodes.Template) -> None:
    """Walk without recursion: (node, how deep it is nested, loops around it, whether a name keeps its value)."""
    waiting: list[tuple[nodes.Node, int, int, bool]] = [(template, 0, 0, False)]
    while waiting:
        node, depth, loops, is_named = waiting.pop()
        loops += isinstance(node, nodes.For)
        if depth > MAX_DEPTH or loops > MAX_LOOPS:
            raise _Refused(node, _TOO_DEEP)
        _check_node(node, is_named=is_named)
        for child, below in reversed(list(_children(node))):  # the first that is wrong is told
            kept = is_named or child is _value_of(node) or (isinstance(node, nodes.With) and child in node.values)
            waiting.append((child, depth + below, loops, kept and not isinstance(child, nodes.Stmt)))


def _children(node: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """What the node holds, each with the levels that the engine goes down for it: it nests what jinja2 lists."""
    if isinstance(node, nodes.For) and _is_range(node.iter):
        yield from ((child, 1) for child in node.iter_child_nodes(exclude=("iter",)))
        return
    for name, held in node.iter_fields():
        listed = held if isinstance(held, list) else [held]
        nests = name in ("elif_", "ops") or isinstance(node, nodes.Concat)
        for place, child in enumerate(listed):
            if isinstance(child, nodes.Node):
                yield child, 1 + (max(place, len(listed) - 1 - place) if nests else 0)


def _value_of(node: nodes.Node) -> nodes.Node | None:
    """What the node gives a name to."""
    if isinstance(node, nodes.Assign):
        return node.node
    return node.iter if isinstance(node, nodes.For) else None


def _check_node(node: nodes.Node, *, is_named: bool) -> None:
    if isinstance(node, nodes.Filter | nodes.Test):
        _check_call(node)
    elif type(node) not in _PLAIN:
        raise _Refused(node, _IN_WORDS.get(type(node)) or _unavailable(node))
    elif isinstance(node, nodes.Const):
        _check_constant(node)
    elif isinstance(node, nodes.For) and node.recursive:
        raise _Refused(node, "a loop cannot call itself")
    elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        raise _Refused(node, f"the attribute {node.attr[:40]!r} is not available in templates")
    elif is_named and _builds(node):
        raise _Refused(node, "a name takes one value; it cannot take lists or sums of other values")


def _check_call(node: nodes.Filter | nodes.Test) -> None:
    kind, known = ("filter", FILTERS) if isinstance(node, nodes.Filter) else ("test", TESTS)
    if node.name not in known:
        raise _Refused(node, f"the {kind} {node.name[:40]!r} is not available in templates")
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _Refused(node, f"the {kind} {node.name!r} takes no lists of arguments")


def _check_constant(node: nodes.Const) -> None:
    value = node.value
    if isinstance(value, str) and len(value) > MAX_CONSTANT:
        raise _Refused(node, f"a text within a tag is longer than {MAX_CONSTANT} characters")
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        raise _Refused(node, "a number is too large")


def _builds(node: nodes.Node) -> bool:
    """Whether the value may hold another one twice; lists of constants hold none."""
    if isinstance(node, nodes.List | nodes.Tuple):
        return not all(isinstance(item, nodes.Const) for item in node.items)
    return isinstance(node, nodes.Add)


def _is_range(node: nodes.Node) -> bool:
    """`range` with constants, which only a loop may take."""
    return (
        isinstance(node, nodes.Call)
        and isinstance(node.node, nodes.Name)
        and node.node.name == "range"
        and 1 <= len(node.args) <= 3
        and not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        and all(
            isinstance(argument, nodes.Const) and type(argument.value) is int and argument.value <= MAX_RANGE
            for argument in node.args
        )
    )


def _unavailable(node: nodes.Node) -> str:
    if not isinstance(node, nodes.Call):
        return f"{type(node).__name__.lower()} is not available in templates"
    if isinstance(node.node, nodes.Name) and node.node.name == "range":
        return f"range stands in a loop and takes whole numbers up to {MAX_RANGE}"
    name = getattr(node.node, "name", None) or getattr(node.node, "attr", None) or "a value"
    return f"{str(name)[:40]} cannot be called in templates"
