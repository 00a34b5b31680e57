"""The wizard: asked by a person, run by a script, and run again on what it wrote."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from click.testing import CliRunner, Result

from bot.cli import main
from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import TwilioStandIn
from bot.settings import load_settings
from bot.settings.env_file import read_env_file
from tests.scenario.company import (
    ACCOUNT_SID,
    ADA,
    ANA,
    APP_TOKEN,
    AUTH_TOKEN,
    BEN,
    BOT_TOKEN,
    SIGNING_SECRET,
    outside_world,
)

API_KEY, API_SECRET = "SK" + "d4" * 16, "e5" * 16
ADDRESS = "https://calls.example.com"
ANSWERS = (ADDRESS, BOT_TOKEN, SIGNING_SECRET, ACCOUNT_SID, API_KEY, API_SECRET, ADA, "-")
WANTED = {
    "HOOKFLASH_PUBLIC_URL": ADDRESS,
    "SLACK_BOT_TOKEN": BOT_TOKEN,
    "SLACK_SIGNING_SECRET": SIGNING_SECRET,
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_API_KEY": API_KEY,
    "TWILIO_API_SECRET": API_SECRET,
    "HOOKFLASH_ADMINS": ADA,
}
SECRETS = (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET, API_SECRET, AUTH_TOKEN)


@dataclass
class NewUser:
    """Somebody with a Slack app and a Twilio account, and a folder to begin in."""

    slack: SlackStandIn
    twilio: TwilioStandIn
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the settings go."""
        return self.folder / "hookflash.env"

    @property
    def stand_ins(self) -> dict[str, str]:
        """Where Slack and Twilio are, for this user."""
        return {"SLACK_API_URL": self.slack.api_url, "TWILIO_API_URL": self.twilio.url}

    async def init(self, *words: str, answers: Sequence[str] = ()) -> Result:
        """Run the wizard and answer its questions; it never repeats a secret."""
        environ: dict[str, str | None] = {**self.stand_ins}
        typed = "".join(f"{answer}\n" for answer in answers)
        command = ["init", "--file", str(self.file), *words]
        runner = CliRunner(env=environ | self.environ)
        result = await asyncio.to_thread(runner.invoke, main, command, input=typed)
        shown = result.output.replace(typed, "")
        assert [secret for secret in SECRETS if secret in shown] == []
        return result


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The command sets the log of its process, which is that of the tests here."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def user(tmp_path: Path) -> AsyncIterator[NewUser]:
    """All that they have is in order."""
    async with outside_world() as (slack, twilio):
        twilio.account.api_keys[API_KEY] = API_SECRET
        yield NewUser(slack, twilio, tmp_path)


async def test_answers_that_hold_are_written_for_the_owner_alone(user: NewUser) -> None:
    result = await user.init(answers=ANSWERS)

    assert result.exit_code == 0, result.output
    assert read_env_file(user.file) == WANTED
    assert user.file.stat().st_mode & 0o777 == 0o600
    assert load_settings(read_env_file(user.file)).admins == {ADA}
    assert result.stderr.rstrip().endswith(
        f"hookflash --env-file {user.file} serve\n"
        "Then type /calls help in Slack; the doctor tells whether it came in."
    )


async def test_the_manifest_stands_alone_on_standard_output(user: NewUser) -> None:
    result = await user.init(answers=ANSWERS)

    manifest = json.loads(result.stdout)
    [command] = manifest["features"]["slash_commands"]
    assert command["url"] == f"{ADDRESS}/slack/events"


async def test_each_question_says_where_its_answer_is_found(user: NewUser) -> None:
    result = await user.init(answers=ANSWERS)

    for page in ("OAuth & Permissions", "Basic Information", "API keys & tokens", "Copy member ID"):
        assert page in result.stderr
    assert "The bot is @" in result.stderr
    assert f"({ADA}) is an admin" in result.stderr


async def test_an_answer_of_a_wrong_form_is_asked_again(user: NewUser) -> None:
    mistaken = (*ANSWERS[:1], "xoxp-not-this-one", *ANSWERS[1:])

    result = await user.init(answers=mistaken)

    assert "SLACK_BOT_TOKEN is a user token (xoxp-)" in result.stderr
    assert "Example: xoxb-your-bot-token" in result.stderr
    assert "xoxp-not-this-one" not in result.stderr
    assert read_env_file(user.file) == WANTED


async def test_an_answer_that_slack_refuses_is_asked_again(user: NewUser) -> None:
    mistaken = (
        ADDRESS,
        "xoxb-of-another-app",
        SIGNING_SECRET,
        "y",
        *ANSWERS[1:2],
        "",
        *ANSWERS[3:],
    )

    result = await user.init(answers=mistaken)

    assert "Slack does not accept the bot token." in result.stderr
    assert read_env_file(user.file) == WANTED


async def test_an_answer_that_twilio_refuses_can_be_kept_nonetheless(user: NewUser) -> None:
    user.twilio.account.suspend()
    stubborn = (*ANSWERS[:6], "n", *ANSWERS[6:])

    result = await user.init(answers=stubborn)

    assert "The account is not active." in result.stderr
    assert read_env_file(user.file) == WANTED


async def test_the_auth_token_takes_the_place_of_a_key(user: NewUser) -> None:
    result = await user.init(answers=(*ANSWERS[:4], "-", AUTH_TOKEN, ADA, f"{ANA},{BEN}"))

    written = read_env_file(user.file)
    assert result.exit_code == 0, result.output
    assert written["TWILIO_AUTH_TOKEN"] == AUTH_TOKEN
    assert written["HOOKFLASH_OPERATORS"] == f"{ANA},{BEN}"
    assert "TWILIO_API_KEY" not in written


async def test_without_an_address_the_app_is_for_socket_mode(user: NewUser) -> None:
    result = await user.init(answers=("-", BOT_TOKEN, APP_TOKEN, *ANSWERS[3:]))

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["settings"]["socket_mode_enabled"]
    assert "Slack gives connections for the app-level token." in result.stderr
    written = read_env_file(user.file)
    assert written["SLACK_APP_TOKEN"] == APP_TOKEN
    assert written.keys().isdisjoint({"HOOKFLASH_PUBLIC_URL", "SLACK_SIGNING_SECRET"})


async def test_a_second_run_offers_what_is_there_and_keeps_the_rest(user: NewUser) -> None:
    await user.init(answers=ANSWERS)
    user.file.write_text(user.file.read_text() + "# ours\nLOG_LEVEL=DEBUG\n")

    result = await user.init(answers=("", "", "", "", "", "", "", ANA))

    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "SLACK_BOT_TOKEN [as before]" in result.stderr
    assert read_env_file(user.file) == WANTED | {"LOG_LEVEL": "DEBUG", "HOOKFLASH_OPERATORS": ANA}
    assert "# ours\n" in user.file.read_text()
    assert user.file.stat().st_mode & 0o777 == 0o600


async def test_a_second_run_can_take_an_answer_back(user: NewUser) -> None:
    await user.init(answers=ANSWERS)

    await user.init(answers=("", "", "", "", "-", AUTH_TOKEN, "", "-"))

    settings = load_settings(read_env_file(user.file))
    assert settings.twilio_credentials == (ACCOUNT_SID, AUTH_TOKEN)


async def test_without_questions_the_environment_is_tried_and_written(user: NewUser) -> None:
    user.environ = WANTED

    result = await user.init("--non-interactive")

    assert result.exit_code == 0, result.output
    assert read_env_file(user.file) == WANTED | user.stand_ins


async def test_without_questions_every_missing_setting_is_told(user: NewUser) -> None:
    result = await user.init("--non-interactive")

    assert result.exit_code == 2
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TWILIO_ACCOUNT_SID"):
        assert f"{name} is not set" in result.stderr
    assert not user.file.exists()


async def test_without_questions_nothing_is_written_that_does_not_hold(user: NewUser) -> None:
    user.environ = WANTED
    user.slack.faults.fail("auth.test", "token_revoked", times=None)

    result = await user.init("--non-interactive")

    assert result.exit_code == 1
    assert "Slack does not accept the bot token." in result.stderr
    assert not user.file.exists()


async def test_a_file_that_others_may_read_is_refused(user: NewUser) -> None:
    user.file.write_text("LOG_LEVEL=INFO\n")

    result = await user.init(answers=ANSWERS)

    assert result.exit_code == 2
    assert f"run: chmod 600 {user.file}" in result.stderr


async def test_what_is_wrong_in_the_file_is_told_before_the_questions(user: NewUser) -> None:
    user.file.write_text("PORT=many\n")
    user.file.chmod(0o600)

    result = await user.init(answers=ANSWERS)

    assert result.exit_code == 2
    assert "PORT is no whole number" in result.stderr
    assert "SLACK_BOT_TOKEN" not in result.stderr


async def test_an_interview_that_is_broken_off_writes_nothing(user: NewUser) -> None:
    result = await user.init(answers=ANSWERS[:4])

    assert result.exit_code == 1
    assert not user.file.exists()


async def test_the_file_of_the_whole_command_line_is_the_wizards_too(user: NewUser) -> None:
    environ = WANTED | user.stand_ins
    words = ["--env-file", str(user.file), "init", "--non-interactive"]

    result = await asyncio.to_thread(CliRunner(env=environ).invoke, main, words)

    assert result.exit_code == 0, result.output
    assert read_env_file(user.file) == environ


async def test_a_folder_that_is_not_there_is_told_before_the_questions(user: NewUser) -> None:
    result = await user.init("--file", str(user.folder / "no" / "file.env"), answers=ANSWERS)

    assert result.exit_code == 2
    assert "cannot be written (No such file or directory); name another" in result.stderr
    assert "HOOKFLASH_PUBLIC_URL" not in result.stderr


async def test_the_page_for_a_new_app_can_be_opened_with_the_manifest_in_it(user: NewUser) -> None:
    result = await user.init(answers=ANSWERS)

    [address] = re.findall(r"^https://api\.slack\.com/apps\?\S+$", result.stderr, re.MULTILINE)
    asked = parse_qs(urlsplit(address).query)
    assert asked["new_app"] == ["1"]
    assert json.loads(asked["manifest_json"][0]) == json.loads(result.stdout)


async def test_no_answer_is_what_enter_gives_where_none_is_needed(user: NewUser) -> None:
    result = await user.init(
        answers=("", BOT_TOKEN, APP_TOKEN, ACCOUNT_SID, "", AUTH_TOKEN, ADA, "")
    )

    assert result.exit_code == 0, result.output
    assert "HOOKFLASH_PUBLIC_URL [none]: " in result.stderr
    assert read_env_file(user.file).keys().isdisjoint({"HOOKFLASH_PUBLIC_URL", "TWILIO_API_KEY"})


async def test_slack_that_gives_no_more_connections_for_now_is_no_fault(user: NewUser) -> None:
    user.slack.faults.rate_limit("apps.connections.open", retry_after_s=55)

    result = await user.init(answers=("-", BOT_TOKEN, APP_TOKEN, *ANSWERS[3:]))

    assert result.exit_code == 0, result.output
    assert "Slack gives no connection for 55 s, so none was tried." in result.stderr
    assert read_env_file(user.file)["SLACK_APP_TOKEN"] == APP_TOKEN
