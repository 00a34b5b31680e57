"""The findings as people read them in a terminal, and as machines do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.doctor.findings import Finding, Level, is_well
from bot.domain.plain_text import printable

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_WIDTH = max(len(level) for level in Level)


def show(findings: Sequence[Finding], *, to_stderr: bool = False) -> None:
    """Print them, a line each with what to do below it; in colour on a terminal."""
    console = Console(highlight=False, stderr=to_stderr)
    for finding in findings:
        if console.is_terminal:
            console.print(_row(finding))
        else:
            # A line is a line, so that grep finds it whole.
            console.print(_line(finding), soft_wrap=True)
    console.print(summary(findings))


def summary(findings: Iterable[Finding]) -> str:
    """How many there are of each kind, in a sentence."""
    count = Counter(finding.level for finding in findings)
    return ", ".join(
        f"{count[level]} {level}{'s' if level is not Level.OK and count[level] != 1 else ''}"
        for level in Level
    )


def as_json(findings: Sequence[Finding]) -> str:
    """One object: whether there is no fault, and every finding."""
    found = {"is_well": is_well(findings), "findings": [asdict(one) for one in findings]}
    return json.dumps(found, indent=2)


def _row(finding: Finding) -> Table:
    """Its level, and beside it what there is to say, at words wrapped to the terminal's width."""
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=_WIDTH, style=_STYLES[finding.level])
    row.add_column(overflow="fold")
    row.add_row(finding.level, Text("\n".join(_words(finding))))
    return row


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.level:{_WIDTH}}", style=_STYLES[finding.level])
    indented = f"\n{'':{_WIDTH}}  ".join(_words(finding))
    line.append(f"  {indented}", style="not bold default")
    return line


def _words(finding: Finding) -> list[str]:
    told = [f"{finding.subject}: {printable(finding.text)}", printable(finding.advice)]
    return [words for words in told if words]
