"""All mutants of a file: where they are, what they change, and a name for each that survives edits elsewhere."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.operators import (
    WITHOUT_EFFECT,
    Mutation,
    called_name,
    copied,
    mutations_of_condition,
    mutations_of_expression,
    mutations_of_statement,
    required_keywords,
)

LONGEST_CALL = 80  # of a longer call, only the function and the argument that changes are named
NOT_CODE = {"TypeVar", "cast", "NewType"}  # calls that only type checkers read


@dataclass(frozen=True)
class Place:
    """Where a node stands: its parent, and the field (and index in it) that holds the node."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """One mutant. ``path``, ``function``, ``before`` and ``after`` identify it; the line does not, because it moves."""

    path: str
    function: str
    before: str
    after: str
    kind: str = field(compare=False)
    line: int = field(compare=False)
    diff: str = field(compare=False)
    node: ast.AST = field(compare=False, repr=False)
    replacement: ast.AST | None = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name of the mutant as docs/testing.md has it."""
        return f"`{self.path}` `{self.function}`: `{self.before}` → `{self.after}`"


def mutants_of(root: Path, paths: list[str]) -> dict[str, tuple[ast.Module, list[Mutant]]]:
    """Return the syntax tree of each file, and all its mutants."""
    sources = {path: (root / path).read_text(encoding="utf-8") for path in paths}
    packages = {Path(path).parts[0] for path in paths}
    product = [path.read_text(encoding="utf-8") for package in packages for path in (root / package).rglob("*.py")]
    required = required_keywords(ast.parse(source) for source in product)
    found = {}
    for path, source in sources.items():
        tree = ast.parse(source)
        found[path] = tree, list(_Finder(path, source, required).mutants(tree))
    return found


class _Finder:
    def __init__(self, path: str, source: str, required: frozenset[tuple[str, str]]) -> None:
        self.path = path
        self.lines = source.encode().splitlines()
        self.required = required
        self.seen: Counter[tuple[str, str, str]] = Counter()
        self.places: dict[int, Place] = {}

    def mutants(self, tree: ast.Module) -> Iterator[Mutant]:
        yield from self._visit(tree, "")

    def _visit(self, node: ast.AST, function: str) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            function = f"{function}.{node.name}" if function else node.name
        for name, index, child in _children(node):
            self.places[id(child)] = Place(node, name, index)
            for kind, new in self._mutations(child, node, name):
                yield self._mutant(child, kind, copied(new), function or "module")
            yield from self._visit(child, function)

    def _mutations(self, child: ast.AST, parent: ast.AST, name: str) -> Iterator[Mutation]:
        if isinstance(child, ast.stmt):
            yield from mutations_of_statement(child)
        elif isinstance(child, ast.expr) and isinstance(getattr(child, "ctx", ast.Load()), ast.Load):
            if isinstance(child, ast.Constant) and isinstance(parent, ast.JoinedStr):
                return
            yield from mutations_of_expression(child, self.required)
            if name == "test" or (name == "ifs" and isinstance(parent, ast.comprehension)):
                yield from mutations_of_condition(child, is_filter=name == "ifs")

    def _mutant(self, node: ast.AST, kind: str, new: ast.AST | None, function: str) -> Mutant:
        before, after = self._words(node, new)
        key = (function, before, after)
        self.seen[key] += 1
        if self.seen[key] > 1:
            after += f" # {self.seen[key]}"
        return Mutant(
            path=self.path,
            function=function,
            before=before,
            after=after,
            kind=kind,
            line=node.lineno,  # type: ignore[attr-defined]
            diff=self._diff(node, new),
            node=node,
            replacement=new,
        )

    def _words(self, node: ast.AST, new: ast.AST | None) -> tuple[str, str]:
        """Return the code before and after, with as much around it as says what a constant stands for."""
        if new is None or isinstance(node, ast.stmt):
            return _one_line(node), "pass" if new is None else _one_line(new)
        shown: ast.AST = node
        while _needs_context(shown):
            parent = self.places[id(shown)].parent
            if isinstance(parent, ast.Call | ast.Dict) and len(_one_line(parent)) > LONGEST_CALL:
                return self._argument(shown, parent, node, new)
            if (
                isinstance(parent, ast.List | ast.Tuple | ast.Set | ast.JoinedStr)
                and len(_one_line(parent)) > LONGEST_CALL
            ):
                break
            if isinstance(parent, ast.stmt | ast.arguments | ast.comprehension):
                shown = parent if isinstance(parent, _SIMPLE) else shown
                break
            shown = parent
        return self._before_and_after(shown, node, new)

    def _argument(self, shown: ast.AST, parent: ast.AST, node: ast.AST, new: ast.AST) -> tuple[str, str]:
        before, after = self._before_and_after(shown, node, new)
        if isinstance(parent, ast.Call):
            function = _one_line(parent.func)
            return f"{function}(… {before} …)", f"{function}(… {after} …)"
        place = self.places[id(shown)]
        if isinstance(parent, ast.Dict) and place.field == "values" and (key := parent.keys[place.index or 0]):
            return f"{_one_line(key)}: {before}", f"{_one_line(key)}: {after}"
        return before, after

    def _before_and_after(self, shown: ast.AST, node: ast.AST, new: ast.AST) -> tuple[str, str]:
        before = _one_line(shown)
        if shown is node:
            return before, _one_line(new)
        place = self.places[id(node)]
        place.put(new)
        after = _one_line(shown)
        place.put(node)
        return before, after

    def _diff(self, node: ast.AST, new: ast.AST | None) -> str:
        """Return the lines of the source that change, before and after."""
        first, last = node.lineno - 1, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        old = self.lines[first:last]
        head = old[0][: node.col_offset]  # type: ignore[attr-defined]
        tail = old[-1][node.end_col_offset :]  # type: ignore[attr-defined]
        middle = ast.unparse(new) if new is not None else "pass"
        changed = (head + middle.encode() + tail).splitlines()
        return "\n".join(
            [f"-{line.decode()}" for line in old] + [f"+{line.decode()}" for line in changed],
        )


_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr, ast.arguments, ast.Raise)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """Yield the children that are code: no annotations, decorators, docstrings or patterns."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases", "format_spec", "type_params"}:
            continue
        if isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, ast.AST) and not _is_no_code(child):
                    yield name, index, child
        elif isinstance(value, ast.AST) and not _is_no_code(value):
            yield name, None, value


def _is_no_code(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.pattern() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Call() if called_name(node) in NOT_CODE:
            return True
        case ast.Subscript(value=ast.Name(id="Literal")) | ast.BinOp(op=ast.BitOr(), right=ast.Constant(value=None)):
            return True
        case ast.keyword(arg=str() as name) if name in WITHOUT_EFFECT:
            return True
        case _:
            return False


def _needs_context(node: ast.AST) -> bool:
    """Say whether a node is a number or so, which needs what is around it to be recognised."""
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return negative or isinstance(node, ast.Constant | ast.Slice | ast.keyword | ast.FormattedValue)


def _one_line(node: ast.AST) -> str:
    # Python 3.11 and 3.12 write quotes within f-strings in different ways.
    return " ".join(ast.unparse(node).split()).replace('"', "'")
