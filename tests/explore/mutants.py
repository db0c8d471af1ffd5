"""Mutants of the production machine, one small change each: the unit tests or the search must notice.

`python -m tests.explore.mutants` makes them all and lists the survivors; `--every N` takes each N-th.
What is left alone: annotations, words for people (docstrings, f-strings), and the defaults of `TradeRules`,
which are settings and not rules.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import multiprocessing
import resource
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict

if TYPE_CHECKING:  # whatever knows the machine is read once a mutant is in its place
    from .bounds import Bounds

ROOT = Path(__file__).parents[2]
MODULES = ("synthcore.execution.intent", "synthcore.execution.trade")
UNIT_TESTS = ("test_trade_rules", "test_trade_patience", "test_trade_corners")
QUICK_CPU_S, CPU_S = 6, 25  # many times what the machine needs: a mutant that takes longer runs for ever
MEMORY = 3 << 30

# What no mutant changes is read once, before the processes part.
READY = (
    "pytest",
    "numpy",
    "sqlite3",
    "synthcore.execution.events",
    "synthcore.execution.hedge",
    "synthcore.execution.ledger",
    "synthcore.execution.mark",
    "synthcore.execution.paper",
    "synthcore.execution.positions",
    "synthcore.orders.gateway",
    "synthcore.risk.gate",
    "synthcore.risk.losses",
    "synthcore.risk.sizing",
)

SWAPS: dict[type[Any], type[Any]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.LShift: ast.RShift,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
LEFT_ALONE = {"annotation", "returns", "decorator_list"}


class Change(Struct, frozen=True):
    """One mutation of a syntax tree."""

    line: int
    what: str
    apply: Callable[[], None]


class Mutant(Struct, frozen=True):
    """Which one it is."""

    module: str
    number: int
    line: int
    source: str
    what: str


class Verdict(Struct, frozen=True):
    """What became of a mutant."""

    mutant: Mutant
    killed_by: str  # unit, search, time; empty if it survived
    why: str


# Making them


def changes(tree: ast.AST) -> Iterator[Change]:
    """Every mutation of a module."""
    for node in nodes(tree):
        yield from of_operators(node)
        yield from of_values(node)
        yield from of_branches(node)
        yield from of_statements(node)
        yield from of_keywords(node)


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.ClassDef) and node.name == "TradeRules"):
        return
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal":
        return  # an annotation with a name
    yield node
    for field, value in ast.iter_fields(node):
        if field in LEFT_ALONE:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_docstring(child):
                yield from nodes(child)


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def of_operators(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            if type(op) in SWAPS:
                yield swap(node, op, lambda new, at=at: node.ops.__setitem__(at, new))
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign) and type(node.op) in SWAPS:
        yield swap(node, node.op, lambda new: setattr(node, "op", new))
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield Change(
            node.lineno, f"{node.id} → {NAMES[node.id]}", lambda: setattr(node, "id", NAMES[node.id])
        )


def swap(node: ast.expr | ast.AugAssign, op: ast.AST, put: Callable[[Any], None]) -> Change:
    new = SWAPS[type(op)]
    return Change(node.lineno, f"{type(op).__name__} → {new.__name__}", lambda: put(new()))


def of_values(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        new: Any = not value
    elif isinstance(value, int | float):
        new = value + 1
    elif isinstance(value, str):
        new = f"{value}?"
    else:
        return
    yield Change(node.lineno, f"{value!r} → {new!r}", lambda: setattr(node, "value", new))


def of_branches(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.IfExp):
        test = ast.UnaryOp(ast.Not(), node.test)
        yield Change(node.test.lineno, "the condition is negated", lambda: setattr(node, "test", test))
    elif isinstance(node, ast.comprehension):
        for at, test in enumerate(node.ifs):
            negated = ast.UnaryOp(ast.Not(), test)
            yield Change(
                test.lineno,
                "the filter is negated",
                lambda at=at, negated=negated: node.ifs.__setitem__(at, negated),
            )


def of_statements(node: ast.AST) -> Iterator[Change]:
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if not isinstance(block, list):
            continue
        for at, statement in enumerate(block):
            is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            is_way_out = isinstance(statement, ast.Return) and statement.value is None
            if is_call or is_way_out or isinstance(statement, ast.Continue | ast.Break | ast.AugAssign):
                yield Change(
                    statement.lineno,
                    f"without: {ast.unparse(statement)}",
                    lambda at=at, block=block: block.__setitem__(at, ast.Pass()),
                )


def of_keywords(node: ast.AST) -> Iterator[Change]:
    """Forget one of several things that change."""
    if not isinstance(node, ast.Call) or len(node.keywords) < 1:
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in ("set", "replace"):
        return
    for at, keyword in enumerate(node.keywords):
        yield Change(
            keyword.value.lineno, f"without: {keyword.arg}=", lambda at=at: node.keywords.__delitem__(at)
        )


# Judging them


def judge(mutant: Mutant, told: Connection) -> None:
    """In a process of its own: put the mutant in the machine's place, then test and search."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        allow(QUICK_CPU_S)
        install(mutant.module, mutant.number)
        for killed_by, says in JUDGES:
            why = says()
            if why is not None:
                told.send((killed_by, why))
                return
        told.send(("", ""))
    except Exception as failure:
        told.send(("search", f"{type(failure).__name__}: {failure}"[:200]))


def allow(cpu_s: int) -> None:
    """End this process when it takes that much longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (soft, -1))


def install(name: str, number: int) -> None:
    path = path_of(name)
    tree = ast.parse(path.read_text())
    list(changes(tree))[number].apply()
    module = types.ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], module)
    exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), module.__dict__)


def path_of(name: str) -> Path:
    return ROOT / (name.replace(".", "/") + ".py")


def unit_tests_say() -> str | None:
    """The first of the machine's own tests that fails."""
    allow(QUICK_CPU_S)
    sys.path += [str(ROOT / "tests" / folder) for folder in ("support", "unit")]
    for module in UNIT_TESTS:
        for name, test in vars(importlib.import_module(module)).items():
            if name.startswith("test_") and fails(test):
                return name
    return None


def small_searches_say() -> str | None:
    from .bugs import SMALL

    return searches_say(SMALL)


def large_searches_say() -> str | None:
    from .bugs import LARGE

    return searches_say(LARGE)


def searches_say(ladder: tuple[Bounds, ...]) -> str | None:
    """The first broken promise."""
    from .search import Search

    for bounds in ladder:
        allow(QUICK_CPU_S if bounds.faults == 0 else CPU_S)
        violation = Search(bounds).run().violation
        if violation is not None:
            return violation.partition(": Trade(")[0]
    return None


# By what they cost: nine of ten mutants die in the first tenth of a second.
JUDGES = (("unit", unit_tests_say), ("search", small_searches_say), ("search", large_searches_say))


def fails(test: Callable[..., None]) -> bool:
    for case in cases_of(test):
        try:
            test(**case)
        except Exception:
            return True
    return False


def cases_of(test: Callable[..., None]) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = [{}]
    for mark in getattr(test, "pytestmark", ()):
        names, values = mark.args[:2]
        if isinstance(names, str):
            names, values = (
                [each.strip() for each in names.split(",")],
                [value if "," in names else (value,) for value in values],
            )
        cases = [case | dict(zip(names, value, strict=True)) for case in cases for value in values]
    return cases


def verdict(mutant: Mutant) -> Verdict:
    """Judge one mutant in a process that may break."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=judge, args=(mutant, theirs))
    process.start()
    theirs.close()
    process.join()
    try:
        killed_by, why = ours.recv()
    except EOFError:
        killed_by, why = "time", f"exit {process.exitcode}"
    ours.close()
    return Verdict(mutant, killed_by, why)


def main() -> int:
    """Judge every mutant; print one object each, and the score."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore.mutants", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each N-th mutant only (1)")
    parser.add_argument("--jobs", type=int, default=1, help="at a time (1)")
    given = parser.parse_args()
    for ready in READY:
        importlib.import_module(ready)
    began_s = time.monotonic()
    score: Counter[str] = Counter()
    with ThreadPoolExecutor(given.jobs) as pool:
        for done in as_completed([pool.submit(verdict, one) for one in mutants()[:: given.every]]):
            one = done.result()
            score[one.killed_by or "survived"] += 1
            print(
                json.dumps(
                    {"type": "mutant", **asdict(one.mutant), "killed_by": one.killed_by, "why": one.why}
                ),
                flush=True,
            )
    total = sum(score.values())
    killed = 1 - score["survived"] / total
    wall_s = round(time.monotonic() - began_s)
    print(json.dumps({"type": "summary", "mutants": total, "killed": killed, **score, "wall_s": wall_s}))
    return 0 if killed >= 0.95 else 1


def mutants() -> list[Mutant]:
    """All of them, mixed: any beginning of the list is a fair sample."""
    made: list[Mutant] = []
    for module in MODULES:
        source = path_of(module).read_text()
        lines = source.splitlines()
        for number, change in enumerate(changes(ast.parse(source))):
            made.append(Mutant(module, number, change.line, lines[change.line - 1].strip(), change.what))
    Random(0).shuffle(made)
    return made


if __name__ == "__main__":
    sys.exit(main())
