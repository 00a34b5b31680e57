"""Whoever types what the documents say, line by line, gets where they say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.evidence.keys import Ed25519Signer, new_private_key
from tests.checkout import TOP
from tests.documents import DOCUMENTS, shell_lines, steps
from tests.fixtures_database import DatabaseMaker, administration, at_database
from tests.scenario.company import ACCOUNT_SID, ADA, BOT_TOKEN, SIGNING_SECRET, company
from tests.scenario.newcomer import API_KEY, API_SECRET, PLACEHOLDERS, Newcomer, answers_for
from tests.scenario.stand_ins.docker import DATABASE
from tests.scenario.stand_ins.heroku import ADDON

PASSWORD = "only-for-this-test"
README = TOP / "README.md"
POSTGRESQL = TOP / "docs" / "postgresql.md"
DOCKER = TOP / "docs" / "docker.md"
HEROKU = TOP / "docs" / "heroku.md"
AUDIT_LOG = TOP / "docs" / "audit-log.md"
ONLINE = "needs the network, so test_installation.py does it where .ci/run asks for it"
NOT_RUN = {
    r"scripts/test": "it is what runs this test",
    r"scripts/check": ".ci/run runs it",
    r"scripts/pin( .*)?": ONLINE,
    r"pipx install \.": ONLINE,
    r"sudo python3 -m venv /opt/hookflash": ONLINE,
    r"sudo /opt/hookflash/bin/pip install .*": ONLINE,
    r"python3 check_export\.py .*": "test_recipe.py follows that page, with nothing of ours",
}
CLONE = (
    "git init --quiet && git add --all && "
    "git -c user.name=Ana -c user.email=ana@example.com commit --quiet --message 'As cloned'"
)
TOKENS = {
    "SLACK_BOT_TOKEN": BOT_TOKEN,
    "SLACK_SIGNING_SECRET": SIGNING_SECRET,
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_API_KEY": API_KEY,
    "TWILIO_API_SECRET": API_SECRET,
}


def is_run(line: str) -> bool:
    """Whether nothing keeps the line from being run here."""
    return not any(re.fullmatch(pattern, line) for pattern in NOT_RUN)


def followed() -> Iterator[Path]:
    """The pages that say something to type, but for those that only repeat the README."""
    in_readme = set(shell_lines(README))
    yield README
    for document in DOCUMENTS:
        its_own = set(filter(is_run, shell_lines(document))) - in_readme
        if its_own and document not in {POSTGRESQL, DOCKER, HEROKU, AUDIT_LOG}:
            yield document


@pytest.mark.parametrize("document", list(followed()), ids=lambda path: path.name)
async def test_every_line_can_be_followed(
    document: Path, tmp_path: Path, addresses: dict[str, str]
) -> None:
    newcomer = Newcomer(
        tmp_path, environ=addresses, answers=answers_for(document), meanings=PLACEHOLDERS
    )

    for line in filter(is_run, shell_lines(document)):
        await newcomer.follow(line)


def test_what_is_not_run_is_still_in_the_documents() -> None:
    lines = {line for document in DOCUMENTS for line in shell_lines(document)}

    stale = [one for one in NOT_RUN if not any(re.fullmatch(one, line) for line in lines)]
    assert stale == []
    assert sum(map(is_run, lines)) > len(lines) / 2


@pytest.fixture
def at_server(postgres_url: str) -> Iterator[dict[str, str]]:
    """What the page's names mean on this server, which others may use too; made, they are removed.

    `@host/hookflash` stands for where the database is reached.
    """
    name, owner, bot = (f"{what}_{uuid4().hex}" for what in ("hookflash", "owner", "bot"))
    location = re.sub(r"^\w+://([^@/]*@)?", "@", at_database(postgres_url, name))
    yield {
        "hookflash_owner": owner,
        "hookflash_bot": bot,
        "DATABASE hookflash": f"DATABASE {name}",
        "@host/hookflash": location,
        "…": PASSWORD,
    }
    with administration(postgres_url) as server:
        for what in (f"DATABASE {name} WITH (FORCE)", f"ROLE {owner}", f"ROLE {bot}"):
            server.execute(text(f"DROP {what}"))


@pytest.mark.postgres
async def test_two_roles_can_be_made_and_are_enough(
    tmp_path: Path, addresses: dict[str, str], postgres_url: str, at_server: dict[str, str]
) -> None:
    newcomer = Newcomer(tmp_path, environ=addresses | TOKENS, meanings=at_server)
    owner_url = newcomer.means("postgresql://hookflash_owner:…@host/hookflash")

    for language, typed in steps(POSTGRESQL):
        if language == "sh":
            await newcomer.follow(typed)
            continue
        as_whom = postgres_url if typed.startswith("CREATE") else owner_url
        with administration(as_whom) as connection:
            connection.execute(text(newcomer.means(typed)))


@pytest.mark.postgres
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_what_is_pushed_to_heroku_is_released_there(
    tmp_path: Path, addresses: dict[str, str], make_database: DatabaseMaker
) -> None:
    database = make_database(is_migrated=False).replace("postgresql://", "postgres://", 1)
    newcomer = Newcomer(
        tmp_path,
        environ=addresses | {ADDON: database},
        answers=answers_for(HEROKU),
        meanings=PLACEHOLDERS,
    )
    await newcomer.follow(CLONE)

    for line in shell_lines(HEROKU):
        await newcomer.follow(line)


@pytest.mark.postgres
@pytest.mark.parametrize("make_database", ["postgresql"], indirect=True)
async def test_what_compose_starts_migrates_and_serves(
    tmp_path: Path, addresses: dict[str, str], make_database: DatabaseMaker
) -> None:
    newcomer = Newcomer(
        tmp_path,
        environ=addresses | {DATABASE: make_database(is_migrated=False)},
        answers=answers_for(DOCKER),
        meanings=PLACEHOLDERS,
    )

    for line in shell_lines(DOCKER):
        await newcomer.follow(line)


async def test_a_log_that_was_signed_can_be_exported_and_verified(
    tmp_path: Path, empty_log: Path
) -> None:
    key = new_private_key()
    newcomer = Newcomer(tmp_path, environ={"HOOKFLASH_AUDIT_KEY": key}, meanings=PLACEHOLDERS)
    shutil.copy(empty_log, newcomer.folder)
    (newcomer.folder / "public.key").write_text(Ed25519Signer(key).public_key)
    async with company(
        f"sqlite:///{newcomer.folder / empty_log.name}",
        HOOKFLASH_AUDIT_KEY=key,
        HOOKFLASH_AUDIT_FILE=str(newcomer.folder / "checkpoints.jsonl"),
    ) as at_work:
        await at_work.say(ADA, "/calls freeze toll fraud")

    for line in shell_lines(AUDIT_LOG):
        await newcomer.follow(line)
