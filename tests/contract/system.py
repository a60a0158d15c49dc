"""The system as its sources and classes show it, for the guard tests."""

import importlib
import inspect
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("identity", "contacts", "campaigns", "sms_gateway", "email_gateway", "reporting")
PACKAGES = {
    **{service: ROOT / "services" / service.replace("_", "-") / service for service in SERVICES},
    "api_gateway": ROOT / "gateway" / "api_gateway",
}


@cache
def source_of(package):
    """Text by path of a package's own sources."""
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in PACKAGES[package].rglob("*.py")}


def chassis_sources():
    """Text of each file of the libraries that call on behalf of services: `channel.quota_leases`."""
    folders = [ROOT / "libs" / library / library for library in ("chassis", "channel")]
    return [path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py")]


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
