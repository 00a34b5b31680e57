"""docs/verify-an-export.md, followed to the letter: with the standard library and OpenSSL alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.audit import Head
from bot.domain.checkpoints import Checkpoint
from tests.evidence.making import BEN, MadeLog, Notary, made_log, write_checkpoints, write_lines

PAGE = (Path(__file__).parents[2] / "docs" / "verify-an-export.md").read_text()
SCRIPTS = dict(
    re.findall(r"^Save this as `(\S+)`:\n\n```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)
COMMANDS = re.findall(r"^```sh\n(python3 .*)\n```", PAGE, re.MULTILINE)
KEY = "ed25519-public:..."

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs OpenSSL's program")


@dataclass(slots=True)
class Stranger:
    """Somebody who has the page, a few files and a key, and nothing of ours."""

    folder: Path
    log: MadeLog
    notary: Notary
    lines: list[str]
    key: str

    def follow(self, *, with_proof: bool = False) -> subprocess.CompletedProcess[str]:
        """What the page's command prints."""
        write_lines(self.folder / "export.jsonl", self.lines)
        command = COMMANDS[with_proof].replace(KEY, self.key)
        return subprocess.run(  # noqa: S603 - the command of our own page
            ["/bin/sh", "-c", command],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=60,
            env={"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        )

    def keep_proof(self, *, first_seq: int) -> None:
        """The proof of what was exported, from its first entry on."""
        path = self.folder / "proof.jsonl"
        checkpoint = write_checkpoints(path, self.notary.sign(self.log.head)).read_text()
        write_lines(path, [*self.log.proof_lines()[first_seq - 1 :], checkpoint.strip()])

    def edit(self, seq: int, old: str, new: str) -> None:
        """Change the text of a line."""
        assert old in self.lines[seq - 1]
        self.lines[seq - 1] = self.lines[seq - 1].replace(old, new)


@pytest.fixture
def stranger(tmp_path: Path) -> Stranger:
    """With an export of six entries, and checkpoints at the fourth and the last."""
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bin").mkdir()
    # Without site-packages, where this project and all that it needs are installed.
    python = tmp_path / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    python.chmod(0o755)
    log, notary = made_log(), Notary()
    signed = [notary.sign(Head(seq, log.sealed[seq - 1][0].hash)) for seq in (4, 6)]
    write_checkpoints(tmp_path / "checkpoints.jsonl", *signed)
    return Stranger(tmp_path, log, notary, log.lines(), notary.key)


def test_the_page_has_a_script_and_two_commands() -> None:
    assert list(SCRIPTS) == ["check_export.py"]
    assert len(COMMANDS) == 2
    assert all(KEY in command for command in COMMANDS)


def test_a_good_export_fits(stranger: Stranger) -> None:
    followed = stranger.follow()

    assert followed.stderr == ""
    assert followed.stdout == "The export fits 2 signed entries, the last of them 6.\n"
    assert followed.returncode == 0


def test_a_good_export_with_a_redaction_fits(stranger: Stranger) -> None:
    stranger.log.redact(1, 4)
    stranger.lines = stranger.log.lines()

    assert stranger.follow().returncode == 0


def test_checkpoints_may_be_copied_out_of_slack_and_the_key_rotated(stranger: Stranger) -> None:
    successor, log = Notary(minutes=60), stranger.log
    path = stranger.folder / "checkpoints.jsonl"
    handed_over = stranger.notary.sign(log.head, next_key=successor.key)
    log.request()
    copied = write_checkpoints(path, handed_over, successor.sign(log.head)).read_text()
    path.write_text("Hookflash APP 2:02 PM\n```" + copied.replace("\n", "```\nseen by 3\n```"))
    stranger.lines = log.lines()

    assert stranger.follow().stdout == "The export fits 2 signed entries, the last of them 8.\n"


def test_a_part_of_the_log_fits_its_proof(stranger: Stranger) -> None:
    stranger.log.request(by=BEN)
    stranger.keep_proof(first_seq=3)
    stranger.lines = stranger.log.lines()[2:4]

    followed = stranger.follow(with_proof=True)

    assert followed.stderr == ""
    assert followed.stdout == "The export fits 1 signed entries, the last of them 8.\n"


def change(stranger: Stranger) -> None:
    stranger.edit(3, '"hang_up"', '"redirect"')


def change_reason(stranger: Stranger) -> None:
    stranger.edit(3, '"value":"card fraud"', '"value":"a joke"')


def remove(stranger: Stranger) -> None:
    del stranger.lines[2]


def remove_the_beginning(stranger: Stranger) -> None:
    del stranger.lines[:2]


def swap(stranger: Stranger) -> None:
    stranger.lines[2:4] = reversed(stranger.lines[2:4])


def repeat(stranger: Stranger) -> None:
    stranger.lines.insert(4, stranger.lines[3])


def cut_off(stranger: Stranger) -> None:
    del stranger.lines[4:]


def cut_short(stranger: Stranger) -> None:
    stranger.lines[5] = stranger.lines[5][:100]


def say_twice(stranger: Stranger) -> None:
    stranger.edit(3, '"event":"requested"', '"event":"denied","event":"requested"')


def lose_value(stranger: Stranger) -> None:
    stranger.log.lose(3, 3)
    stranger.lines = stranger.log.lines()


def rewrite(stranger: Stranger) -> None:
    stranger.log.recompute(3, actor_user_id="U0BEN")
    stranger.lines = stranger.log.lines()


def use_another_key(stranger: Stranger) -> None:
    stranger.key = Notary().key


def name_a_second_successor(stranger: Stranger) -> None:
    log, thief = stranger.log, Notary(minutes=60)
    handed_over = stranger.notary.sign(log.head, next_key=Notary().key)
    log.request()
    stolen = stranger.notary.sign(log.head, next_key=thief.key)
    path = stranger.folder / "checkpoints.jsonl"
    write_checkpoints(path, handed_over, stolen, thief.sign(log.head))
    stranger.lines = log.lines()


def lose_every_checkpoint(stranger: Stranger) -> None:
    (stranger.folder / "checkpoints.jsonl").write_text("Hookflash APP 2:02 PM\n")


def say_more(stranger: Stranger) -> None:
    stranger.edit(3, '"value":"card fraud"', '"value":"card fraud","shown":"a joke"')


def name_two_actors(stranger: Stranger) -> None:
    stranger.edit(3, '"actor":{', '"actor":{"real_name":"ben",')


def bury_in_brackets(stranger: Stranger) -> None:
    stranger.edit(3, '"details":{', '"details":{"deep":' + "[" * 10_000 + "]" * 10_000 + ",")


def change_a_checkpoint(stranger: Stranger) -> None:
    path = stranger.folder / "checkpoints.jsonl"
    path.write_text(path.read_text().replace('"seq":6', '"seq":5'))


TAMPERINGS: dict[str, tuple[Callable[[Stranger], None], str]] = {
    "changed": (change, "entry 3 was changed"),
    "reason changed": (change_reason, "the reason of entry 3 was changed"),
    "removed": (remove, "entry 4 does not follow"),
    "beginning removed": (remove_the_beginning, "does not begin with the first entry"),
    "swapped": (swap, "entry 4 does not follow"),
    "repeated": (repeat, "entry 4 does not follow"),
    "cut off": (cut_off, "the end was cut off"),
    "cut short": (cut_short, "line 6 of export.jsonl is no JSON"),
    "said twice": (say_twice, "says one thing twice"),
    "value gone": (lose_value, "the actor_name of entry 3 is gone"),
    "computed anew": (rewrite, "entry 4 is not the one that was signed"),
    "another key": (use_another_key, "the checkpoint of entry 4 is not signed with your key"),
    "key with two successors": (name_a_second_successor, "entry 8 names a second successor"),
    "no checkpoint": (lose_every_checkpoint, "holds no checkpoint"),
    "more said": (say_more, "entry 3 says more than an entry does"),
    "two actors named": (name_two_actors, "entry 3 says more than an entry does"),
    "buried in brackets": (bury_in_brackets, "RecursionError"),
    "checkpoint changed": (change_a_checkpoint, "the checkpoint of entry 5 is not signed"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found(what: str, stranger: Stranger) -> None:
    tamper, words = TAMPERINGS[what]
    tamper(stranger)

    followed = stranger.follow()

    assert followed.returncode == 1
    assert followed.stderr.startswith("WRONG: ")
    assert words in followed.stderr


def test_a_checkpoint_that_was_copied_twice_is_one(stranger: Stranger) -> None:
    path = stranger.folder / "checkpoints.jsonl"
    handed_over = stranger.notary.sign(stranger.log.head, next_key=Notary().key)
    path.write_text(2 * write_checkpoints(path, handed_over).read_text())

    assert stranger.follow().stdout == "The export fits 1 signed entries, the last of them 6.\n"


def made_up_by_a_thief(stranger: Stranger) -> tuple[Checkpoint, Checkpoint]:
    """What handed the key over, and what it signed later: a made-up end.

    Whoever stole it, and owns the database, may do so.
    """
    log, thief = stranger.log, Notary(stranger.notary.signer, minutes=60)
    handed_over = stranger.notary.sign(log.head, next_key=Notary().key)
    log.request()
    log.recompute(7, actor_user_id="U0BEN")
    return handed_over, thief.sign(log.head)


def test_what_a_replaced_key_signs_later_does_not_count(stranger: Stranger) -> None:
    handed_over, late = made_up_by_a_thief(stranger)
    write_checkpoints(stranger.folder / "checkpoints.jsonl", handed_over, late)
    stranger.lines = stranger.log.lines()

    assert stranger.follow().stdout == "The export fits 1 signed entries, the last of them 6.\n"


def test_a_part_that_only_the_replaced_key_covers_does_not_fit(stranger: Stranger) -> None:
    log, path = stranger.log, stranger.folder / "proof.jsonl"
    checkpoints = write_checkpoints(path, *made_up_by_a_thief(stranger)).read_text()
    write_lines(path, [*log.proof_lines()[4:], *checkpoints.splitlines()])
    stranger.lines = log.lines()[6:]

    followed = stranger.follow(with_proof=True)

    assert "no checkpoint was signed at entry 8 or after it" in followed.stderr
    assert followed.returncode == 1


def test_a_line_that_stands_twice_in_a_part_is_found(stranger: Stranger) -> None:
    stranger.keep_proof(first_seq=3)
    stranger.lines = [*stranger.log.lines()[2:4], stranger.log.lines()[2]]

    followed = stranger.follow(with_proof=True)

    assert "entry 3 stands there twice, or out of order" in followed.stderr
    assert followed.returncode == 1


def test_what_is_not_in_the_proof_is_found(stranger: Stranger) -> None:
    stranger.keep_proof(first_seq=3)
    other = MadeLog(salt=b"\1")
    for _ in range(3):
        other.request(by=BEN)
    stranger.lines = other.lines()[4:]

    followed = stranger.follow(with_proof=True)

    assert "entry 5 was changed, or is not of this log" in followed.stderr
