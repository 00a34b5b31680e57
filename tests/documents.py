"""The documents, and what they tell their readers to type."""

from __future__ import annotations

import re
from pathlib import Path

from tests.checkout import TOP

DOCUMENTS = sorted([*TOP.glob("*.md"), *TOP.glob("docs/**/*.md")])


def steps(document: Path) -> list[tuple[str, str]]:
    """What the document's blocks hold, in its order: `sh` with a line, or `sql` with a statement.

    Lines that go on are put together, and comments left away.
    """
    blocks = re.findall(
        r"^ *```(sh|sql)\n(.*?)^ *```", document.read_text(), re.DOTALL | re.MULTILINE
    )
    return [
        (language, stripped)
        for language, block in blocks
        for part in (block.replace("\\\n", " ").split("\n" if language == "sh" else ";"))
        if (stripped := re.sub(r"(^|\s+)#.*", "", part).strip())
    ]


def shell_lines(document: Path) -> list[str]:
    """The lines of the document's shell blocks."""
    return [line for language, line in steps(document) if language == "sh"]
