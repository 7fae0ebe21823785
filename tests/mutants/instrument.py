"""Mutants in the code: each at a switch of its own, so that all are imported at once and one of them is switched on."""

from __future__ import annotations

import ast

from tests.mutants.candidates import Mutant

SWITCH = "__mutant__"  # no name of the product, and no class changes it as it does other names with two underscores
FILE_NUMBERS = 1_000_000  # the numbers of whole files start there


def instrumented(tree: ast.Module, mutants: dict[int, Mutant], file_number: int) -> str:
    """Return the code with a switch for each mutant, by number, and one at the start of each function for the file."""
    by_node: dict[int, list[tuple[int, Mutant]]] = {}
    for number, mutant in mutants.items():
        by_node.setdefault(id(mutant.node), []).append((number, mutant))
    new = _Switches(by_node, file_number).visit(tree)
    line = ast.parse(f"from mutant_switch import is_active as {SWITCH}").body
    new.body = [*_head(new), *line, *new.body[len(_head(new)) :]]
    return ast.unparse(ast.fix_missing_locations(new))


def _head(tree: ast.Module) -> list[ast.stmt]:
    """Return what must stay first: the docstring and imports from ``__future__``."""
    head = []
    for statement in tree.body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.ImportFrom(module="__future__"):
                head.append(statement)
            case _:
                break
    return head


def _asked(number: int) -> ast.Call:
    return ast.Call(ast.Name(SWITCH, ast.Load()), [ast.Constant(value=number)], [])


class _Switches(ast.NodeTransformer):
    def __init__(self, by_node: dict[int, list[tuple[int, Mutant]]], file_number: int) -> None:
        self.by_node = by_node
        self.file_number = file_number

    def visit(self, node: ast.AST) -> ast.AST:
        mutants = self.by_node.get(id(node), [])
        new: ast.AST = super().visit(node)
        for number, mutant in mutants:
            if isinstance(new, ast.expr):
                assert isinstance(mutant.replacement, ast.expr)
                new = ast.IfExp(_asked(number), mutant.replacement, new)
            else:
                assert isinstance(new, ast.stmt)
                assert mutant.replacement is None or isinstance(mutant.replacement, ast.stmt)
                new = ast.If(_asked(number), [mutant.replacement or ast.Pass()], [new])
        return new

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Ask for the file's switch at the start of the function."""
        self.generic_visit(node)
        docstring = [] if ast.get_docstring(node) is None else node.body[:1]
        node.body = [*docstring, ast.Expr(_asked(self.file_number)), *node.body[len(docstring) :]]
        return node
