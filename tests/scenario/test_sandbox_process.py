"""`hookflash sandbox` as a process: it starts, answers, and leaves nothing behind."""

from __future__ import annotations

import html
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from bot.sandbox.page.guards import COOKIE
from tests.browser.sandbox_process import SandboxProcess, sandbox
from tests.scenario.standing_still import HAS_ENDED, stand_still, state_of

SOON_S = 60.0


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxProcess]:
    """One sandbox for the tests that only look."""
    with sandbox() as process:
        yield process


def bot_pid(running: SandboxProcess) -> int:
    """The id of the bot's process, as the page tells it."""
    found = re.search(r"runs, process (\d+)", httpx.get(f"{running.url}part/machine").text)
    assert found is not None
    return int(found[1])


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(running: SandboxProcess, part: str, words: str) -> None:
    """Returns when the words stand in this part of the page."""
    gives_up_at = time.monotonic() + SOON_S
    while words not in (seen := httpx.get(f"{running.url}part/{part}").text):
        assert time.monotonic() < gives_up_at, seen
        time.sleep(0.05)


def act(running: SandboxProcess, path: str, **form: str) -> httpx.Response:
    """Does something as the page does it."""
    with httpx.Client(headers={"Origin": running.url.rstrip("/")}, timeout=SOON_S) as client:
        client.get(running.url)
        return client.post(f"{running.url}{path}", data=form)


def test_it_says_where_it_is_and_that_nothing_real_is_called(running: SandboxProcess) -> None:
    assert re.fullmatch(r"Hookflash sandbox: http://127\.0\.0\.1:\d+/", running.first_line)

    page = httpx.get(running.url)

    assert page.status_code == HTTPStatus.OK
    assert "Sandbox: nothing real is called." in page.text
    assert "No Slack, no Twilio." in page.text


def test_real_bot_answers_a_command_with_the_calls_of_the_network(running: SandboxProcess) -> None:
    act(running, "slack/say", **{"as": "U0ANA", "in": "C0SUPPORT", "text": "/calls"})

    wait_for(running, "conversation?as=U0ANA&in=C0SUPPORT", "call.details")


def test_in_socket_mode_the_bot_connects_and_answers_all_the_same() -> None:
    with sandbox("--socket-mode") as running:
        wait_for(running, "machine", "2 connections")
        act(running, "slack/say", **{"as": "U0ANA", "in": "C0SUPPORT", "text": "/calls"})

        wait_for(running, "conversation?as=U0ANA&in=C0SUPPORT", "call.details")
        for deed in ("refresh", "cut"):
            act(running, f"sockets/{deed}")
            wait_for(running, "machine", "2 connections")
        exit_code, _ = running.stop()

        assert "connected to Slack" in running.said_aside()
        assert exit_code == 0


@pytest.mark.parametrize("way_in", [["--socket-mode"], []], ids=["socket mode", "http"])
def test_bot_that_the_person_starts_answers_and_its_log_is_shown(way_in: list[str]) -> None:
    with sandbox("--no-bot", *way_in) as running:
        assert running.process.stdout is not None
        _nothing_real, line = (running.process.stdout.readline() for _ in range(2))
        said, _, command = line.strip().partition(": hookflash ")
        assert said == "The bot is yours to start"
        assert command in httpx.get(f"{running.url}part/machine").text
        file = Path(command.removeprefix("--env-file ").removesuffix(" serve"))
        assert file.stat().st_mode & 0o777 == 0o600

        with own_bot(*shlex.split(command)):
            act(running, "slack/say", **{"as": "U0ANA", "in": "C0SUPPORT", "text": "/calls"})
            wait_for(running, "conversation?as=U0ANA&in=C0SUPPORT", "call.details")

            assert "started" in httpx.get(f"{running.url}part/log", timeout=SOON_S).text

        assert running.stop()[0] == 0


@contextmanager
def own_bot(*words: str) -> Iterator[None]:
    """A bot that somebody starts in a terminal of their own; it is ready until the end."""
    command = [sys.executable, "-m", "bot", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stderr is not None
        assert any(" ready " in line for line in process.stderr)
        yield
        process.terminate()
        _, rest = process.communicate(timeout=SOON_S)
        assert re.search("told to stop: finishing what was accepted.*\n.*stopped", rest)


def test_what_the_bot_prints_is_shown_with_its_name_before_it(running: SandboxProcess) -> None:
    lines = running.said_aside().splitlines()

    assert any(line.startswith("bot | ") and "ready" in line for line in lines)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_post_from_another_site_is_refused(running: SandboxProcess, origin: str) -> None:
    cookie = httpx.get(running.url).cookies[COOKIE]

    answer = httpx.post(
        f"{running.url}bot/kill", headers={"Origin": origin, "Cookie": f"{COOKIE}={cookie}"}
    )

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert is_there(bot_pid(running))


def test_foreign_host_is_refused(running: SandboxProcess) -> None:
    answer = httpx.get(running.url, headers={"Host": "sandbox.evil.example"})

    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_port_that_is_taken_is_a_sentence_and_exit_code_1(running: SandboxProcess) -> None:
    port = running.url.rstrip("/").rpartition(":")[2]

    with sandbox("--port", port) as second:
        exit_code = second.process.wait(SOON_S)
        said = second.said_aside()

    assert exit_code == 1
    assert second.first_line == ""
    assert f"port {port} is in use. Choose another one with --port." in said
    assert "Traceback" not in said


def test_machine_without_a_browser_is_told_to_go_to_the_address() -> None:
    nothing = {"PATH": "", "BROWSER": "/no/such/browser", "DISPLAY": "", "WAYLAND_DISPLAY": ""}

    with sandbox(environment=nothing, opens_browser=True) as running:
        gives_up_at = time.monotonic() + SOON_S
        while "No browser could be opened here: go to the address above" not in (
            said := running.said_aside()
        ):
            assert time.monotonic() < gives_up_at, said
            time.sleep(0.05)

        assert httpx.get(running.url).status_code == HTTPStatus.OK


def test_log_is_asked_of_the_bots_own_commands(running: SandboxProcess) -> None:
    page = httpx.get(f"{running.url}log", timeout=SOON_S)

    assert "hookflash audit list" in page.text
    assert "hookflash audit verify" in page.text
    assert page.text.count("Exit code 0") == 2


def doctor_of(running: SandboxProcess) -> str:
    """What the page shows of the doctor."""
    return html.unescape(httpx.get(f"{running.url}doctor", timeout=SOON_S).text)


@pytest.mark.parametrize("way_in", [["--socket-mode"], []], ids=["socket mode", "http"])
def test_doctor_finds_nothing_to_mend_once_somebody_has_typed_and_pressed(
    way_in: list[str],
) -> None:
    with sandbox(*way_in) as running:
        fresh = doctor_of(running)
        say_and_click(running)
        used = doctor_of(running)

    assert re.findall(r"^warning +([\w ]+):", fresh, re.MULTILINE) == [
        "Slash command",
        "Buttons and forms",
    ]
    assert "2 warnings, 0 faults" in fresh
    assert "Type /calls help in Slack, then run hookflash doctor again." in fresh
    assert "0 warnings, 0 faults" in used
    assert "Slash command: The last command came in on" in used
    assert "Buttons and forms: The last press or form came in on" in used
    assert "Exit code 0" in fresh
    assert "Exit code 0" in used


def say_and_click(running: SandboxProcess) -> None:
    """Ana lists the calls and looks again."""
    ana = {"as": "U0ANA", "in": "C0SUPPORT"}
    seen_by_ana = f"conversation?{urlencode(ana)}"
    act(running, "slack/say", text="/calls", **ana)
    wait_for(running, seen_by_ana, "list.refresh")
    card = httpx.get(f"{running.url}part/{seen_by_ana}").text
    message = re.findall(r'name="message" value="([^"]+)"', card)[-1]
    refresh = {"message": message, "element": '["paging","list.refresh"]'}
    answer = act(running, "slack/click", **refresh, **ana)
    assert answer.is_success, answer.text


def test_inspector_has_the_log_and_says_that_its_chain_holds(running: SandboxProcess) -> None:
    part = httpx.get(f"{running.url}part/log", timeout=SOON_S).text

    assert 'aria-label="hookflash audit verify"' in part
    assert "Exit code 0" in part


def test_what_can_be_typed_is_asked_of_the_bots_own_manifest(running: SandboxProcess) -> None:
    offers = httpx.get(f"{running.url}offers", timeout=SOON_S).json()

    texts = [offer["text"] for offer in offers["commands"]]
    assert texts[0] == "/calls"
    assert {"/calls show", "/calls help", "/calls unfreeze"} <= {text.strip() for text in texts}
    assert {"text": "@ana", "does": "Ana Ruiz"} in offers["people"]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_cleanly_and_leaves_no_process_and_no_file(
    tmp_path: Path, number: signal.Signals
) -> None:
    with sandbox(environment={"TMPDIR": str(tmp_path)}) as process:
        pid = bot_pid(process)
        assert list(tmp_path.glob("hookflash-sandbox-*/hookflash.db"))

        exit_code, rest = process.stop(number)
        said = process.said_aside()

    assert exit_code == 0
    assert "Stopping." in rest
    assert not is_there(pid)
    assert list(tmp_path.glob("hookflash-sandbox-*")) == []
    assert "Traceback" not in said


def test_log_in_a_named_folder_survives(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    with sandbox("--data", str(data)) as first:
        act(first, "slack/say", **{"as": "U0GUS", "in": "C0SUPPORT", "text": "/calls freeze now"})
        wait_for(first, "conversation?as=U0GUS&in=C0SUPPORT", "guest")
        first.stop()

    account = (data / "credentials.json").read_text()
    with sandbox("--data", str(data)) as second:
        page = httpx.get(f"{second.url}log", timeout=SOON_S).text

    assert "denied" in page
    assert (data / "credentials.json").read_text() == account
    assert (data / "credentials.json").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(data / "hookflash.db") as database:
        assert database.execute("SELECT count(*) FROM audit_entries").fetchone() != (0,)
    database.close()


def test_folder_that_cannot_be_written_to_is_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with sandbox("--data", str(tmp_path / "file" / "data")) as process:
        exit_code = process.process.wait(SOON_S)
        said = process.said_aside()

    assert exit_code == 1
    assert said.startswith("Error: cannot write to ")
    assert "Traceback" not in said


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a process of its parent's end"
)
def test_sandbox_that_is_killed_takes_the_bot_with_it_even_one_that_stands_still(
    tmp_path: Path,
) -> None:
    with sandbox(environment={"TMPDIR": str(tmp_path)}) as running:
        pid = bot_pid(running)
        stand_still(pid)

        running.process.kill()
        running.process.wait(SOON_S)

        gives_up_at = time.monotonic() + SOON_S
        while state_of(pid) != HAS_ENDED:
            assert time.monotonic() < gives_up_at
            time.sleep(0.05)


def test_folder_of_a_killed_sandbox_is_removed_by_the_next_one_and_no_other(
    tmp_path: Path,
) -> None:
    temporary, elsewhere = {"TMPDIR": str(tmp_path)}, tmp_path / "elsewhere"
    with sandbox(environment=temporary) as killed:
        (left_behind,) = tmp_path.glob("hookflash-sandbox-*")
        killed.process.kill()
        killed.process.wait(SOON_S)
    (elsewhere / "in").mkdir(parents=True)
    (tmp_path / "hookflash-sandbox-link").symlink_to(elsewhere)
    (tmp_path / "hookflash-sandbox-starting").mkdir()

    with sandbox(environment=temporary):
        (mine,) = set(tmp_path.glob("hookflash-sandbox-*/hookflash.db"))
        with sandbox(environment=temporary):
            assert mine.exists()

    assert left_behind not in (mine.parent, *tmp_path.iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {
        "elsewhere",
        "hookflash-sandbox-link",
        "hookflash-sandbox-starting",
    }
    assert list(elsewhere.iterdir()) == [elsewhere / "in"]


def test_folder_that_another_sandbox_uses_is_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with sandbox("--data", str(tmp_path)), sandbox("--data", str(tmp_path)) as second:
        exit_code = second.process.wait(SOON_S)

        assert second.said_aside().startswith(f"Error: another sandbox is using {tmp_path}. Stop")

    assert exit_code == 1


def test_bot_that_is_killed_is_told_of_and_can_be_started_again() -> None:
    with sandbox() as running:
        pid = bot_pid(running)

        act(running, "bot/kill")
        wait_for(running, "machine", "is dead: killed")
        said = running.said_aside()
        act(running, "bot/start")
        wait_for(running, "machine", "runs, process")

        assert not is_there(pid)
        assert "The bot is dead" in said
        assert bot_pid(running) != pid
