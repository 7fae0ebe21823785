"""Why a document is refused: every mistake with its place, so that it can be put right in one go."""

from __future__ import annotations


class DocumentRefused(Exception):
    """The document was refused and nothing was stored. ``problems`` has a sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} mistake{'' if len(problems) == 1 else 's'} in the document")
        self.problems = problems
