"""The system as its sources and classes show it, for the guard tests."""

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = (
    "identity",
    "contacts",
    "campaigns",
    "sms_gateway",
    "email_gateway",
    "push_gateway",
    "rcs_gateway",
    "ott_gateway", "viber_gateway", "reporting",
)  # fmt: skip
PACKAGES = {
    **{service: ROOT / "services" / service.replace("_", "-") / service for service in SERVICES},
    "api_gateway": ROOT / "gateway" / "api_gateway",
}


@cache
def source_of(package):
    """Text by path of a package's own sources."""
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in PACKAGES[package].rglob("*.py")}


@cache
def chassis_sources():
    """Text by path of the libraries that call on behalf of services: `channel.quota_leases`."""
    folders = [ROOT / "libs" / library / library for library in ("chassis", "channel")]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")}


def all_sources():
    return {path: text for package in PACKAGES for path, text in source_of(package).items()}


def service_class(service):
    """The Nameko class of a service."""
    module = importlib.import_module(f"{service}.service")
    return next(
        member
        for _name, member in inspect.getmembers(module, inspect.isclass)
        if getattr(member, "name", None) == service
    )


def rpc_methods(service):
    """The RPC methods of a service by name."""
    from nameko.rpc import Rpc

    cls = service_class(service)
    return {
        name: getattr(cls, name)
        for name in dir(cls)
        if any(isinstance(entrypoint, Rpc) for entrypoint in getattr(getattr(cls, name), "nameko_entrypoints", ()))
    }


def calls(text):
    """Every call in a source: the name of what is called (None: what another call gave), and the arguments' nodes."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            yield called, [*node.args, *(keyword.value for keyword in node.keywords)]


def words(node):
    """The texts that an expression is, with `*` where something is filled in; one of several where it chooses."""
    for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.JoinedStr):
            yield "".join(piece.value if isinstance(piece, ast.Constant) else "*" for piece in part.values)


def imported_from(text, module):
    """By what names a source knows those of `module`, and by what names the module itself."""
    package, _, last = module.rpartition(".")
    names, modules = {}, set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module == package:
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == last}
    return names, modules


def resolved(node, names, modules):
    """The name of the module that an expression stands for, or None."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        return node.attr
    return None
