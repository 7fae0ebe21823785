"""How code is mutated: for one node of the syntax tree, the nodes that may replace it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list", "reversed": "list"}
# Methods that return something of the kind that they are called on.
METHODS = {"strip", "lstrip", "rstrip", "lower", "upper", "casefold", "removeprefix", "removesuffix", "replace"}
METHODS |= {"filter", "exclude", "order_by", "distinct", "select_for_update"}
# Guards against faults elsewhere, and sizes that make no difference: no test could tell such a mutant.
WITHOUT_EFFECT = {"strict", "batch_size"}
LONGEST_TOKEN = 40  # what is longer, or has blanks, is a sentence for people

Mutation = tuple[str, ast.AST | None]  # which kind it is, and the new node; None removes a statement


def mutations_of_expression(node: ast.expr, required: frozenset[tuple[str, str]]) -> Iterator[Mutation]:
    """Yield what may replace an expression. ``required`` are the keywords that a call can't do without."""
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BoolOp():
            yield from _boolean_operations(node)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "operator removed", node.operand
        case ast.BinOp():
            yield "operand removed", node.left
            if isinstance(node.op, ast.Add | ast.Sub) and _is_number(node.right):
                opposite = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
                yield "arithmetic", ast.BinOp(node.left, opposite, node.right)
        case ast.Call():
            yield from _calls(node, required)
        case ast.Constant():
            yield from _constants(node)
        case ast.Set() | ast.List() if len(node.elts) > 1:
            for index in range(len(node.elts)):
                yield "element removed", type(node)(elts=[*node.elts[:index], *node.elts[index + 1 :]])
        case _:
            return


def mutations_of_condition(test: ast.expr, *, is_filter: bool) -> Iterator[Mutation]:
    """Yield what may replace a condition of an if, a loop or a comprehension, beside what it may as an expression."""
    if not isinstance(test, ast.Compare | ast.UnaryOp):
        yield "condition negated", ast.UnaryOp(ast.Not(), test)
    if is_filter:
        yield "filter removed", ast.Constant(value=True)


def mutations_of_statement(node: ast.stmt) -> Iterator[Mutation]:
    """Yield what may replace a statement."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign() | ast.Raise():
            yield "statement removed", None
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Delete():
            yield "statement removed", None
        case ast.Continue() | ast.Break():
            yield "statement removed", None
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None", ast.Return(value=ast.Constant(value=None))
        case _:
            return


def _comparisons(node: ast.Compare) -> Iterator[Mutation]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)


def _boolean_operations(node: ast.BoolOp) -> Iterator[Mutation]:
    opposite = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "and/or", ast.BoolOp(opposite, node.values)
    for index in range(len(node.values)):
        rest = [*node.values[:index], *node.values[index + 1 :]]
        yield "operand removed", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _calls(node: ast.Call, required: frozenset[tuple[str, str]]) -> Iterator[Mutation]:
    name = called_name(node)
    if isinstance(node.func, ast.Name) and name in FUNCTIONS and node.args:
        other = FUNCTIONS[name]
        keywords = [] if other == "list" else node.keywords
        yield "function", ast.Call(ast.Name(other, ast.Load()), node.args, keywords)
    if isinstance(node.func, ast.Attribute) and name in METHODS:
        yield "call removed", node.func.value
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in WITHOUT_EFFECT and (name, keyword.arg) not in required:
            yield (
                "keyword removed",
                ast.Call(node.func, node.args, [other for other in node.keywords if other is not keyword]),
            )


def _constants(node: ast.Constant) -> Iterator[Mutation]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield "constant", ast.Constant(value=value + 1)
    elif isinstance(value, str) and len(value) <= LONGEST_TOKEN and not any(map(str.isspace, value)):
        yield "constant", ast.Constant(value="" if value == "mutant" else "mutant")


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def called_name(node: ast.Call) -> str:
    """Return the last part of the name that is called."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def required_keywords(trees: Iterator[ast.Module]) -> frozenset[tuple[str, str]]:
    """Return the keywords, each with the function or class that it belongs to, that have no default in these files."""
    found: set[tuple[str, str]] = set()
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(name=name, args=arguments):
                    positional = [*arguments.posonlyargs, *arguments.args]
                    without = positional[: len(positional) - len(arguments.defaults)]
                    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
                    without += [argument for argument, default in pairs if default is None]
                    found |= {(name, argument.arg) for argument in without}
                case ast.ClassDef(name=name, body=body):
                    found |= {
                        (name, field.target.id)
                        for field in body
                        if isinstance(field, ast.AnnAssign)
                        and field.value is None
                        and isinstance(field.target, ast.Name)
                    }
    return frozenset(found)


def copied(node: ast.AST | None) -> ast.AST | None:
    """Return a copy of a mutation's node that no later change of the tree reaches."""
    return deepcopy(node)
