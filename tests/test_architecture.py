"""Who may import whom, and what every module keeps to."""

import ast
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from tests.sources import NAMES, ROOT, Function, Module, area_of, modules, project_files

LESSONS = ("gan", "selfsup", "vision3d")
DOCUMENTED = ("core", *LESSONS, "data", "plots")
HEAVY = {
    *("numba", "matplotlib", "plotly", "ipywidgets", "anywidget", "IPython", "skimage"),
    *("sklearn", "mlxtend", "torchvision", "pandas", "nbformat", "nbgrader", "distributed"),
}


def firsts(module: Module) -> set[str]:
    return {name.split(".")[0] for name in module.imports()}


def imports_area(module: Module, area: str) -> bool:
    """Whether it imports from a part of the course.

    Raises: LookupError for a part that is gone.
    """
    modules(area)
    return area in {area_of(name) for name in module.imports()}


def is_compiled(module: Module) -> bool:
    """Compilers type functions themselves, and inline what has many arguments."""
    return bool({"numba", "triton"} & firsts(module))


# ------------------------------------------------------------------ imports


def test_the_core_knows_nothing_of_what_is_built_on_it():
    """Only the two small modules about this machine, which also serve the installation."""
    parts = {area_of(name) for m in modules("core") for name in m.imports()} - {""}
    assert parts <= {"core", "cores", "places"}


def test_a_lesson_knows_nothing_of_what_is_built_on_it():
    above = ("live", "lessons", "checks", "exercises", "grading", "plots", "authoring", "bootstrap")
    wrong = [(m.name, area) for m in modules(*LESSONS) for area in above if imports_area(m, area)]
    assert not wrong


def test_a_rule_about_a_part_that_is_gone_fails():
    with pytest.raises(LookupError, match="named selfish: was it moved"):
        modules("gan", "selfish")
    with pytest.raises(LookupError, match="named graphics: was it moved"):
        imports_area(modules("gan")[0], "graphics")
    assert {"gan", "selfsup", "vision3d"} <= {module.area for module in modules()}


def test_only_the_rooms_of_lessons_import_the_engine_of_live_views():
    allowed = ("live", "lessons")
    assert not [m.name for m in modules() if m.area not in allowed and imports_area(m, "live")]


def test_nothing_imports_the_rooms_of_lessons():
    assert not [m.name for m in modules() if m.area != "lessons" and imports_area(m, "lessons")]


@pytest.mark.parametrize("area", ["lessons", "exercises"])
def test_rooms_know_only_what_is_for_all_of_them(area):
    """Modules of a room may use each other, and single modules beside the rooms."""
    found = []
    for module in modules(area):
        for name in module.imports():
            if area_of(name) == area and name.count(".") >= 3:
                room, own = name.split(".")[2], module.name.split(".")[2]
                is_room = (ROOT / "course_utils" / area / room).is_dir()
                if is_room and room != own:
                    found.append(f"{module.name} imports {name}")
    assert not found, "\n".join(found)


def test_the_engine_of_checks_finds_exercises_by_name_alone():
    """`rooms.exercise` is the one place that looks upwards, and it does so when it is called."""
    assert not [m.name for m in modules() if m.area != "exercises" and imports_area(m, "exercises")]
    known = {area_of(name) for m in modules("checks") for name in m.imports()} - {""}
    assert known == {"checks"}
    looking = [m.name for m in modules("checks") if "importlib.import_module" in called(m)]
    assert looking == ["course_utils.checks.rooms"]


def test_exercises_are_about_ideas():
    known = {area_of(name) for m in modules("exercises") for name in m.imports()} - {""}
    assert known == {"checks", "core", "exercises", *LESSONS}


def test_nothing_in_the_package_imports_what_is_not_installed_with_it():
    outside = {"tests", "benchmarks", "notebooks", "sources", "solutions", "assignments"}
    assert not [m.name for m in modules() if firsts(m) & outside]


def test_what_notebooks_import_knows_nothing_of_what_installs_builds_and_grades():
    """Nor do these know each other: each package needs `course_utils` at most."""
    known = {"course_utils": set(), "course_admin": {"course_utils"}, "bootstrap": {"course_utils"}}
    assert known.keys() == NAMES
    wrong = []
    for module in modules():
        own = module.name.split(".")[0]
        others = (firsts(module) & NAMES) - known[own] - {own}
        wrong += [f"{module.name} imports {other}" for other in others]
    assert not wrong, "\n".join(wrong)


def test_parts_of_the_course_import_each_other_in_no_circle():
    """Not even inside a function, where Python would let it pass."""
    graph = {}
    for module in modules():
        areas = {area_of(name) for name in module.imports()} - {"", module.area}
        graph.setdefault(module.area, set()).update(areas)
    assert list(TopologicalSorter(graph).static_order())  # CycleError names a circle


def test_widgets_are_imported_by_live_and_instruments_alone():
    widgets = {"ipywidgets", "anywidget"}
    allowed = ("live", "lessons")
    assert not [m.name for m in modules() if m.area not in allowed and firsts(m) & widgets]


def test_grading_is_built_in_three_layers():
    """Calls, walls and submissions; the judging of one; the run, beside these rooms."""
    layers = {"rpc": set(), "sandbox": set(), "submissions": set()}
    layers["judging"] = set(layers)
    rooms, wrong = set(), []
    for module in modules("grading"):
        room = ".".join(module.name.split(".")[2:3])
        rooms.add(room)
        for name in module.imports():
            found = ".".join(name.split(".")[2:3]) if area_of(name) == "grading" else ""
            if room in layers and found not in {"", "packages", room, *layers[room]}:
                wrong.append(f"{module.name} imports {name}")
    assert layers.keys() <= rooms
    assert not wrong, "\n".join(wrong)


def test_imports_run_one_way():
    assert import_order(modules(), everywhere=False)


def test_imports_in_grading_run_one_way_even_inside_functions():
    assert import_order(modules("grading"), everywhere=True)


def import_order(chosen: list[Module], everywhere: bool) -> list[str]:
    """Names of modules, each after all that it imports; CycleError names a circle."""
    known = {module.name for module in chosen}
    graph = {}
    for module in chosen:
        targets = module.imports(everywhere) & known - {module.name}
        # `from package import module` inside that package also names the package
        graph[module.name] = {t for t in targets if not module.name.startswith(t + ".")}
    return list(TopologicalSorter(graph).static_order())


IMPORT_ALL = """
import importlib, json, sys, time
import torch
seen, found = set(sys.modules), {}
for name in sys.argv[1:]:
    begin = time.perf_counter()
    importlib.import_module(name)
    seconds = time.perf_counter() - begin
    found[name] = [sorted({module.split(".")[0] for module in set(sys.modules) - seen}), seconds]
    seen = set(sys.modules)
print(json.dumps(found))
"""


def test_importing_a_lesson_stays_light():
    """Not timed, which would depend on the machine: what is heavy is not imported at all."""
    chosen = [m.name for m in modules("core", "data", *LESSONS) if not is_compiled(m)]
    output = subprocess.check_output([sys.executable, "-c", IMPORT_ALL, *chosen], text=True)
    found = json.loads(output)
    total = sum(seconds for _, seconds in found.values())
    print(f"{len(found)} modules: {total:.2f} s beyond torch's own import")
    heavy = {name: HEAVY & set(new) for name, (new, _) in found.items()}
    assert not {name: packages for name, packages in heavy.items() if packages}


# ------------------------------------------------------------------ code

GLOBAL_STATE = {
    *("torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all"),
    *("torch.random.manual_seed", "random.seed", "np.random.seed", "numpy.random.seed"),
    *("torch.set_default_dtype", "torch.set_default_device", "torch.set_default_tensor_type"),
}
LIMITS = {"arguments": 8, "lines": 50}  # for the few; we aim at 6 and 25


def called(module: Module) -> set[str]:
    return {ast.unparse(n.func) for n in ast.walk(module.tree) if isinstance(n, ast.Call)}


def test_no_module_seeds_for_others():
    """Only what checks and grades does: it owns the process, or puts back what answers changed."""
    owners = ("checks", "exercises", "grading")
    seeds = {m.name: called(m) & GLOBAL_STATE for m in modules() if m.area not in owners}
    assert not {name: found for name, found in seeds.items() if found}


def test_devices_follow_the_inputs():
    assert not [m.name for m in modules() for name in called(m) if name.endswith(".cuda")]


def test_functions_stay_small():
    faults = []
    for module in [m for m in modules(*DOCUMENTED) if not is_compiled(m)]:
        for name, function in module.offered_functions():
            count = len(arguments(function))
            docstring = len((ast.get_docstring(function) or "").splitlines())
            lines = function.end_lineno - function.lineno - docstring
            if count > LIMITS["arguments"]:
                faults.append(f"{module.name}.{name} takes {count} arguments")
            if lines > LIMITS["lines"]:
                faults.append(f"{module.name}.{name} has {lines} lines")
    assert not faults, "\n".join(faults)


# ------------------------------------------------------------------ documentation


def test_a_lesson_names_its_source():
    """A paper, a book or the lecture: a year or a slide, somewhere in the module's docstrings."""
    pattern = re.compile(r"\b(19|20)\d\d\b|\bslides?\b|\blecture\b", re.IGNORECASE)
    lessons = [m for m in modules(*LESSONS) if m.path.name != "__init__.py"]
    assert not [m.name for m in lessons if not pattern.search(m.documented())]


def test_public_functions_say_what_they_do_and_when_they_raise():
    faults = []
    for module in modules(*DOCUMENTED):
        for name, function in module.public_functions():
            text = ast.get_docstring(function) or ""
            if not text.strip():
                faults.append(f"{module.name}.{name} has no docstring")
            elif raises_itself(function) and "Raises" not in text:
                faults.append(f"{module.name}.{name} raises, and its docstring does not say when")
    assert not faults, "\n".join(faults)


def test_shapes_are_types():
    """No argument without a type, and no bare `Tensor`: its shape belongs to it."""
    faults = []
    for module in [m for m in modules(*LESSONS, "data") if not is_compiled(m)]:
        for name, function in module.offered_functions():
            for argument in arguments(function):
                if argument.annotation is None:
                    faults.append(f"{module.name}.{name}({argument.arg}) has no type")
                elif is_bare_tensor(argument.annotation):
                    faults.append(f"{module.name}.{name}({argument.arg}) has no shape")
            if function.returns is None:
                faults.append(f"{module.name}.{name} does not say what it returns")
            elif is_bare_tensor(function.returns):
                faults.append(f"{module.name}.{name} returns no shape")
    assert not faults, "\n".join(faults)


def arguments(function: Function) -> list[ast.arg]:
    """Arguments of a function, without `self` and `cls`."""
    found = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return [argument for argument in found if argument.arg not in ("self", "cls")]


def raises_itself(function: Function) -> bool:
    """Whether the function's own body raises something other than `NotImplementedError`."""
    raised = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and node.exc]
    return any("NotImplementedError" not in ast.unparse(exception) for exception in raised)


def is_bare_tensor(annotation: ast.expr) -> bool:
    """`Tensor`, `torch.Tensor`, or one of them in a union."""
    text = ast.unparse(annotation).strip("'\"")
    return any(part.strip() in ("Tensor", "torch.Tensor") for part in text.split("|"))


def test_these_rules_notice_what_they_look_for():
    source = "def f(x: torch.Tensor | None, y: 'Float[Tensor, \"n\"]'):\n    raise ValueError(x)\n"
    function = ast.parse(source).body[0]
    assert raises_itself(function)
    assert [is_bare_tensor(argument.annotation) for argument in arguments(function)] == [
        True,
        False,
    ]


# ------------------------------------------------------------------ the whole project

UNFINISHED = [rf"\b{word}\b" for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X")]
ELSEWHERE = ["/" + "work/"]
NETWORK = ["python" + "hosted", "py" + r"pi\.org", "unp" + "kg", "js" + "delivr", "npm" + r"js\."]
TEXT = {".py", ".md", ".toml", ".yml", ".js", ".css", ".cff", ".ipynb", ".html", ".json", ""}
LONGEST = 10_000  # characters of a line that a person wrote; longer ones hold pictures


def test_nothing_unfinished_nothing_of_one_machine_nothing_from_a_network():
    pattern = re.compile("|".join(UNFINISHED + ELSEWHERE + NETWORK))
    found = []
    for path in project_files():
        lines = path.read_text(encoding="utf-8").splitlines() if path.suffix in TEXT else []
        for number, line in enumerate(lines, start=1):
            match = pattern.search(line) if len(line) < LONGEST else None
            if match:
                found.append(f"{path.relative_to(ROOT)}:{number}: {match[0]}")
    assert not found, "\n".join(found)


def test_no_file_is_large():
    assert not [path.name for path in project_files() if path.stat().st_size > 5_000_000]
