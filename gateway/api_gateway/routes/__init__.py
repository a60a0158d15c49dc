"""Every route of the public API: the tables of this package's modules, collected."""

from __future__ import annotations

import importlib
import pkgutil

from api_gateway.routing import Route, RouteError


def all_routes(package: str = __name__) -> list[Route]:
    """All routes, in the order of their modules' names.

    :raises RouteError: names the module whose table is missing or broken, or the two that claim one operation.
    """
    routes: list[Route] = []
    owner_by_operation: dict[tuple[str, str], str] = {}
    endpoints: set[str] = set()
    root = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(root.__path__), key=lambda one: one.name):
        for route in _table(f"{package}.{module.name}"):
            operation = (route.method, route.template)
            if operation in owner_by_operation:
                raise RouteError(
                    f"{route.method} {route.path} is in both {owner_by_operation[operation]} and {module.name}"
                )
            if route.endpoint in endpoints:
                raise RouteError(
                    f"{module.name}: {route.method} {route.path} has the name of another: {route.endpoint}"
                )
            owner_by_operation[operation] = module.name
            endpoints.add(route.endpoint)
            routes.append(route)
    return routes


def _table(module_name: str) -> list[Route]:
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise RouteError(f"the route table {module_name} cannot be loaded: {type(error).__name__}: {error}") from error
    table = getattr(module, "ROUTES", None)
    if not isinstance(table, list) or not all(isinstance(route, Route) for route in table):
        raise RouteError(f"the route table {module_name} must export ROUTES, a list of Route")
    return table
