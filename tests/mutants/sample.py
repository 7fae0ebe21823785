"""Which mutants are run: a sample that a seed decides, with a part of each file and of each kind of mutation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain, zip_longest

from tests.mutants.candidates import Mutant


def sample(candidates: dict[str, list[Mutant]], size: int, seed: int) -> list[Mutant]:
    """Choose ``size`` mutants: at least one of each file, more of the files that have more.

    A mutant's rank depends on the seed and its name only, so an edit changes little of the sample.
    """
    shares = _shares({path: len(mutants) for path, mutants in candidates.items() if mutants}, size)
    return [mutant for path, share in shares.items() for mutant in _ranked(candidates[path], seed)[:share]]


def _shares(counts: dict[str, int], size: int) -> dict[str, int]:
    """Return how many of each file: one, and of what is left a share in proportion; the largest remainders round up."""
    size = min(size, sum(counts.values()))
    shares = dict.fromkeys(sorted(counts, key=lambda path: (-counts[path], path))[:size], 1)
    left = size - len(shares)
    rest = {path: counts[path] - 1 for path in shares}
    if left:
        exact = {path: left * rest[path] / sum(rest.values()) for path in shares}
        for path in shares:
            shares[path] += int(exact[path])
        by_remainder = sorted(shares, key=lambda path: (int(exact[path]) - exact[path], path))
        for path in by_remainder[: size - sum(shares.values())]:
            shares[path] += 1
    return shares


def _ranked(mutants: Iterable[Mutant], seed: int) -> list[Mutant]:
    """Sort by a hash, then take the kinds in turns, so that the many constants don't crowd out the rest."""
    kinds: dict[str, list[Mutant]] = {}
    for mutant in sorted(mutants, key=lambda mutant: _rank(mutant, seed)):
        kinds.setdefault(mutant.kind, []).append(mutant)
    turns = zip_longest(*kinds.values())
    return [mutant for mutant in chain.from_iterable(turns) if mutant is not None]


def _rank(mutant: Mutant, seed: int) -> str:
    return hashlib.sha256(f"{seed} {mutant.name}".encode()).hexdigest()
