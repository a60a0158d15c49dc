"""Ids that are none beside all the words of the API's paths."""

import re
from collections import defaultdict

from werkzeug.routing import Map, Rule

from api_gateway import path_ids
from api_gateway.app import SessionName
from api_gateway.routes import all_routes

ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"


def test_each_path_allows_the_methods_of_its_routes_alone():
    routes = [route for route in all_routes() if route.path.startswith("/v1/")]
    paths = Map(merge_slashes=False)
    paths.converters["session"] = SessionName
    path_ids.install(paths, (route.path for route in routes))
    methods = defaultdict(set)
    for route in routes:
        paths.add(Rule(path_ids.lenient(route.path), endpoint=route.endpoint, methods=[route.method]))
        methods[re.sub(r"<int:\w+>", "1", re.sub(r"<(?!int:)[^>]+>", ID, route.path))].add(route.method)

    bound = paths.bind("wici.example")
    allowed = {path: set(bound.allowed_methods(path)) - {"HEAD", "OPTIONS"} for path in methods}

    assert allowed == methods
