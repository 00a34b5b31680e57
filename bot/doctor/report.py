"""The findings as people read them in a terminal, and as machines do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from bot.doctor.findings import Finding, Level, is_well
from bot.domain.plain_text import printable

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_WIDTH = max(len(level) for level in Level)


def show(findings: Sequence[Finding], *, to_stderr: bool = False) -> None:
    """Print them, a line each with what to do below it; in colour on a terminal."""
    console = Console(highlight=False, stderr=to_stderr)
    for finding in findings:
        # The terminal wraps what is long; elsewhere a line is a line, so that grep finds it whole.
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


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.level:{_WIDTH}}", style=_STYLES[finding.level])
    line.append(f"  {finding.subject}: {printable(finding.text)}", style="not bold default")
    if finding.advice:
        line.append(f"\n{'':{_WIDTH}}  {printable(finding.advice)}", style="not bold default")
    return line
