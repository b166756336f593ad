"""The import contracts speak of the folders there are, and the pure modules stay pure."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PORTAL = ROOT / "portal"
BELOW_SLICES = {"infra", "forms", "kernel"}
NOT_CODE = {"migrations", "translations"}
# Loading one of these takes a tenth of a second and a database, a request or a queue to test.
IMPURE = ["flask", "flask_wtf", "babel", "flask_login", "sqlmodel", "sqlalchemy", "dramatiq"]


def contract(name: str) -> dict[str, list[str]]:
    """The import contract whose name begins so."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [one] = [c for c in found["contracts"] if c["name"].startswith(name)]
    return one


def folders() -> set[str]:
    packages = {path.parent.name for path in PORTAL.glob("*/__init__.py")}
    return packages - NOT_CODE


def pure_modules() -> list[str]:
    below = [p for part in ("kernel", "forms") for p in (PORTAL / part).rglob("*.py")]
    slices = [p for name in ("rules", "steps") for p in PORTAL.glob(f"*/{name}*")]
    found = {p for p in (*below, *slices) if p.suffix in {"", ".py"} and p.name != "__pycache__"}
    return sorted(".".join(p.relative_to(ROOT).with_suffix("").parts) for p in found)


def test_every_folder_has_its_place_in_the_one_direction():
    listed = {
        name.strip(" ()") for layer in contract("Slices")["layers"] for name in layer.split("|")
    }
    assert folders() <= listed


def test_every_slice_is_layered_inside():
    slices = {f"portal.{name}" for name in folders() - BELOW_SLICES}
    assert set(contract("Inside a slice")["containers"]) == slices


def test_there_are_pure_modules_to_look_at():
    assert {"portal.cases.rules", "portal.application.steps", "portal.forms.step"} <= set(
        pure_modules()
    )


@pytest.mark.parametrize("module", pure_modules())
def test_pure_modules_load_nothing_of_the_web_the_database_or_the_queue(module):
    """In a process of its own: the linter does not follow imports through outside packages."""
    code = f"import sys, {module}; print(*(set({IMPURE!r}) & sys.modules.keys()))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == ""


LAYERS = ("routes", "actions", "emails", "queries", "models", "steps", "rules")
SAME = {"api": "routes", "commands": "routes"}


def layer_of(module: str) -> tuple[str, str]:
    """The slice and layer of a module; `step_routes` is as much routes as `routes.steps`."""
    parts = module.split(".")
    if len(parts) < 3 or parts[1] in BELOW_SLICES:
        return "", ""
    word = parts[2].rpartition("_")[2]
    layer = SAME.get(word, word)
    return parts[1], layer if layer in LAYERS else ""


@pytest.fixture(scope="module")
def imports() -> list[tuple[str, str]]:
    graph = grimp.build_graph("portal", include_external_packages=True, cache_dir=None)
    return [
        (m, other) for m in graph.modules for other in graph.find_modules_directly_imported_by(m)
    ]


def test_modules_named_after_a_layer_keep_its_place(imports):
    """What the contract says of `routes` holds for `step_routes` too."""
    upward = []
    for importer, imported in imports:
        (here, above), (there, below) = layer_of(importer), layer_of(imported)
        if here and here == there and above and below and LAYERS.index(above) > LAYERS.index(below):
            upward.append(f"{importer} -> {imported}")
    assert upward == []


def test_all_routes_leave_the_database_to_actions_and_queries(imports):
    direct = [
        f"{importer} -> {imported}"
        for importer, imported in imports
        if layer_of(importer)[1] == "routes"
        and imported in {"sqlmodel", "sqlalchemy"}
        and "commands" not in importer
    ]
    assert direct == []


def modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
        for path in PORTAL.rglob("*.py")
    }


def has_routes(module: ast.Module) -> bool:
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]
    return any(
        isinstance(mark, ast.Call)
        and isinstance(mark.func, ast.Attribute)
        and mark.func.attr in {"route", "get", "post"}
        for function in functions
        for mark in function.decorator_list
    )


def test_modules_with_routes_are_called_so():
    """By their name the tests above know them."""
    found = {name for name, module in modules().items() if has_routes(module)}
    assert {"portal.staff.routes", "portal.labels.check_routes"} <= found
    slices = {name for name in found if name.split(".")[1] not in BELOW_SLICES}
    assert {name for name in slices if layer_of(name)[1] != "routes"} == set()


ASKING = {"get", "get_one", "exec", "execute", "scalar", "scalars"}


def asked_directly(module: ast.Module) -> list[str]:
    """Calls as `db.get(Institution, …)`: a session asked for a model or with a statement."""
    calls = [each for each in ast.walk(module) if isinstance(each, ast.Call)]
    calls = [call for call in calls if isinstance(call.func, ast.Attribute)]
    return [
        ast.unparse(call)
        for call in calls
        if call.func.attr in ASKING and ast.unparse(call.func.value) in {"db", "session()"}
    ]


def test_no_route_asks_the_database_itself():
    routes = {name: each for name, each in modules().items() if layer_of(name)[1] == "routes"}
    direct = {
        name: asked
        for name, each in routes.items()
        if (asked := asked_directly(each)) and "commands" not in name
    }
    assert direct == {}
