"""What is done to an export, and what verify then prints: the table of docs/audit-log.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import EMPTY_HEAD, Head
from bot.domain.checkpoints import Checkpoint
from bot.evidence import export_file
from bot.evidence.export_file import ExportCheck, NoExportError, chain_of, pieces_of, redactions_of
from bot.verification.export import verify_export
from bot.verification.report import Report
from tests.evidence.making import BEN, MadeLog, Notary, made_log

PAGE = Path(__file__).parents[2] / "docs" / "audit-log.md"


@dataclass(slots=True)
class Scene:
    """An export of six entries, with a checkpoint at the fourth and one at the sixth."""

    log: MadeLog
    lines: list[str]
    checkpoints: list[Checkpoint]
    notary: Notary
    folder: Path
    line_end: str = "\n"
    last_line_end: str = "\n"

    def verify(self) -> Report:
        """What comes of the export as it is now."""
        path = self.folder / "export.jsonl"
        text = self.line_end.join(self.lines)
        path.write_text(text + self.last_line_end if text else text, newline="")
        return verify_export(path, given=self.checkpoints, root_keys=[self.notary.key])

    def edit(self, seq: int, old: str, new: str) -> None:
        """Change the text of a line."""
        assert old in self.lines[seq - 1]
        self.lines[seq - 1] = self.lines[seq - 1].replace(old, new)

    def of_another_installation(self) -> MadeLog:
        """A log of the same length and form that somebody else's Hookflash wrote."""
        other = MadeLog(salt=b"\1")
        for _ in range(3):
            other.request(by=BEN)
        return other


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    log, notary = made_log(), Notary()
    checkpoints = [notary.sign(Head(seq, log.sealed[seq - 1][0].hash)) for seq in (4, 6)]
    return Scene(log, log.lines(), checkpoints, notary, tmp_path)


def change(scene: Scene) -> None:
    scene.edit(3, '"hang_up"', '"redirect"')


def change_reason(scene: Scene) -> None:
    scene.edit(3, '"value":"card fraud"', '"value":"a joke"')


def change_repeated_reason(scene: Scene) -> None:
    scene.edit(4, '"reason":"card fraud"', '"reason":"a joke"')


def say_twice(scene: Scene) -> None:
    scene.edit(3, '"event":"requested"', '"event":"denied","event":"requested"')


def remove(scene: Scene) -> None:
    del scene.lines[2]


def swap(scene: Scene) -> None:
    scene.lines[2:4] = reversed(scene.lines[2:4])


def repeat(scene: Scene) -> None:
    scene.lines.insert(4, scene.lines[2])


def put_in(scene: Scene) -> None:
    """An entry that follows the one before it as it should."""
    other = made_log(requests=1)
    other.request(by=BEN)
    scene.lines.insert(2, other.lines()[2])


def put_in_and_number_anew(scene: Scene) -> None:
    for seq in (6, 5, 4, 3):
        scene.edit(seq, f'"seq":{seq}', f'"seq":{seq + 1}')
    put_in(scene)


def mix_chains(scene: Scene) -> None:
    scene.lines[2:] = scene.of_another_installation().lines()[2:]


def mix_named_chains(scene: Scene) -> None:
    scene.edit(3, '"chain_id":"main"', '"chain_id":"test"')


def lose_value(scene: Scene) -> None:
    scene.log.lose(3, 3)
    scene.lines = scene.log.lines()


def cut_off(scene: Scene) -> None:
    del scene.lines[5:]


def cut_short(scene: Scene) -> None:
    scene.lines[5] = scene.lines[5][:100]
    scene.last_line_end = ""


def rewrite(scene: Scene) -> None:
    """What the owner of a database can do who knows how the chain is made."""
    scene.log.recompute(5, actor_user_id="U0BEN")
    scene.lines = scene.log.lines()


def use_other_key(scene: Scene) -> None:
    scene.notary = Notary()


def use_other_checkpoints(scene: Scene) -> None:
    scene.checkpoints = [scene.notary.sign(scene.of_another_installation().head)]


# What is done, how the page calls it, and what verify prints first.
TAMPERINGS: dict[str, Callable[[Scene], None]] = {
    "an entry changed": change,
    "a reason changed": change_reason,
    "a reason changed where a line repeats it": change_repeated_reason,
    "one thing said twice in a line": say_twice,
    "an entry removed": remove,
    "two entries in each other's place": swap,
    "an entry repeated": repeat,
    "an entry put in": put_in,
    "an entry put in, and those after it numbered anew": put_in_and_number_anew,
    "two installations' logs mixed": mix_chains,
    "two chains mixed": mix_named_chains,
    "a value gone without a redaction": lose_value,
    "the end cut off (a checkpoint tells)": cut_off,
    "the last line cut short": cut_short,
    "all computed anew from an entry on (a checkpoint tells)": rewrite,
    "another log's checkpoint": use_other_checkpoints,
}


def of_page() -> dict[str, str]:
    """What the page says that is printed, by what was done."""
    table = PAGE.read_text().partition("| what was done |")[2].partition("\n\n")[0]
    rows = (row.strip("| ").partition(" | ")[::2] for row in table.splitlines()[2:])
    return dict(rows)


def printed(report: Report) -> str:
    """The sentence about the entry."""
    [finding] = report.findings()
    return re.sub(r"^The export does not hold\. | Up to \d.*$", "", finding)


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_named_as_the_page_says(what: str, scene: Scene) -> None:
    assert scene.verify().holds

    TAMPERINGS[what](scene)

    report = scene.verify()
    assert not report.holds
    assert printed(report) == of_page()[what]


def test_the_page_tells_of_no_other_tampering() -> None:
    assert of_page().keys() == TAMPERINGS.keys()


def test_an_intact_export_holds_and_the_checkpoints_say_how_far(scene: Scene) -> None:
    report = scene.verify()

    first, second = report.findings()
    assert (
        first
        == f"The export holds: 6 entries, and the last of them has hash {scene.log.head.hash}."
    )
    assert second.startswith("Checkpoints that fit: 2. The newest was signed at entry 6,")
    assert list(report.remarks()) == []


def test_without_a_checkpoint_it_is_said_what_cannot_be_known(scene: Scene) -> None:
    scene.checkpoints = []
    rewrite(scene)

    report = scene.verify()

    assert report.holds
    assert any("could have computed it anew" in remark for remark in report.remarks())


def test_a_checkpoint_later_than_the_export_is_not_taken_for_more_than_it_says(
    scene: Scene,
) -> None:
    cut_off(scene)

    report = scene.verify()

    assert any("leave later ones away: --up-to 5" in remark for remark in report.remarks())


def test_a_part_of_a_log_is_told_to_need_its_proof(scene: Scene) -> None:
    del scene.lines[:2]

    report = scene.verify()

    assert report.verdict.fault is not None
    assert report.verdict.fault.seq == 1
    assert any("--proof" in remark for remark in report.remarks())


def test_a_redaction_explains_what_is_gone(scene: Scene) -> None:
    scene.log.redact(1, 4)
    scene.lines = scene.log.lines()

    report = scene.verify()

    assert report.holds
    assert report.entries == 7


def test_an_empty_export_holds_unless_a_checkpoint_says_otherwise(scene: Scene) -> None:
    scene.lines = []
    assert scene.verify().verdict.fault is not None

    scene.checkpoints = []
    report = scene.verify()

    assert report.holds
    assert report.verdict.end == EMPTY_HEAD


def test_lines_may_end_as_on_windows_and_be_spaced_by_another_program(scene: Scene) -> None:
    scene.lines = [json.dumps(json.loads(line), sort_keys=True) for line in scene.lines]
    scene.line_end = scene.last_line_end = "\r\n"

    assert scene.verify().holds


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"seq": 1e400}',
        "\ufeff",
        "{" * 100_000,
        "x" * (2 * export_file.MOST_LINE_BYTES),
    ],
    ids=range(8),
)
def test_a_line_that_is_none_is_named_by_the_entry_that_should_stand_there(
    line: str, scene: Scene
) -> None:
    scene.lines[2] = line

    fault = scene.verify().verdict.fault

    assert fault is not None
    assert fault.seq == 3
    assert "cannot be checked: its line" in str(fault)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"salt":"', '"salt":"zz'),
        ('"personal":[', '"personal":[[],'),
        ('"personal":[', '"personal":[{"field":"from","salt":"00","value":"+1"},'),
        ('"personal":[', '"personal":[{"field":["from"],"salt":"00","value":"+1"},'),
        ('"actor":{', '"actor":{"role":"admin",'),
        ('"actor":{', '"actor":7,"was":{'),
        ('"details":{', '"details":7,"was":{'),
        ('"details":{', '"details":{"deep":' + "[" * 500 + "]" * 500 + ","),
        ('"seq":3', '"seq":"3"'),
        ('"seq":3', '"seq":3.0'),
        ('"seq":3', '"verdict":"fine","seq":3'),
        ('"request_id":"r2"', '"request_id":["r2"]'),
        ('"value":"card fraud"', '"value":"\\ud800"'),
        ('"reason":"card fraud"', '"reason":""'),
        ('"reason":"card fraud"', '"reason":7'),
        ('"surface":"button",', ""),
    ],
)
def test_a_line_of_another_form_is_never_taken_for_an_entry(
    old: str, new: str, scene: Scene
) -> None:
    scene.edit(3, old, new)

    fault = scene.verify().verdict.fault

    assert fault is not None
    assert fault.seq == 3


def test_a_spreadsheet_is_told_from_json_lines(scene: Scene) -> None:
    scene.lines = ["seq,recorded_at", "1,x"]

    with pytest.raises(NoExportError, match="no export in JSON lines"):
        scene.verify()


def test_a_wrong_key_is_named(scene: Scene) -> None:
    use_other_key(scene)

    with pytest.raises(Exception, match="was signed with"):
        scene.verify()


@given(size=st.integers(1, 4000), at=st.integers(1, 10**5), put=st.sampled_from('x"0}\n'))
def test_in_pieces_of_any_size_the_verdict_is_the_same(
    size: int, at: int, put: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever single character of an export is changed."""
    text = "".join(f"{line}\n" for line in made_log(requests=4).lines())
    at = at % (len(text) - 1) + 1
    path = tmp_path_factory.mktemp("export") / "export.jsonl"
    path.write_text(text[:at] + put + text[at + 1 :])

    check = ExportCheck(path=path, chain_id=chain_of(path), redactions=redactions_of(path))
    in_one = [check.verify(piece).verdict for piece in pieces_of(path)]
    in_pieces = [check.verify(piece).verdict for piece in pieces_of(path, size=size)]

    first_fault = next((one.fault for one in in_pieces if one.fault is not None), None)
    assert [one.fault for one in in_one] == [first_fault]
