"""Help is what this very person may run, and each example in it works."""

from __future__ import annotations

import re

import pytest

from tests.scenario.company import ADA, ANA, GUS, OLGA, SHARED, SUPPORT, SUPPORT_LINE, VERA, Company
from tests.scenario.reading import shown

EXAMPLE = re.compile("Example: `([^`]+)`")
LOOKING = ["/calls", "/calls post", "/calls recent", "/calls show"]
CHANGING = ["/calls hangup", "/calls redirect"]
FREEZING = ["/calls freeze", "/calls unfreeze"]
READING = ["/calls audit"]


def commands_in(text: str) -> list[str]:
    """The commands whose usage stands at the beginning of a line."""
    usages = re.findall("^`(/calls(?: [a-z]+)?)", text, re.MULTILINE)
    return list(dict.fromkeys(usages))


@pytest.mark.parametrize(
    ("who", "where", "commands", "role"),
    [
        (VERA, SUPPORT, LOOKING, "You are a viewer"),
        (ANA, SUPPORT, LOOKING + CHANGING + READING, "You are an operator"),
        (ADA, SUPPORT, LOOKING + CHANGING + FREEZING + READING, "You are an admin"),
        (GUS, SUPPORT, [], f"Ask <@{ADA}>."),
        (OLGA, SHARED, [], f"Ask <@{ADA}>."),
    ],
)
async def test_help_shows_what_this_person_may_run(
    company: Company, who: str, where: str, commands: list[str], role: str
) -> None:
    await company.say(who, "/calls help", where=where)

    message = company.last(who, where=where)
    assert message.ephemeral_to == who
    assert commands_in(message.text) == commands
    assert role in message.text
    assert await company.log() == []


async def test_every_example_of_the_help_is_understood(company: Company) -> None:
    company.twilio.network.call_in_progress("+14155550123", SUPPORT_LINE)
    await company.say(ADA, "/calls help")
    examples = EXAMPLE.findall(shown(company.last(ADA)))

    for example in dict.fromkeys(examples):
        await company.say(ADA, example.replace("&lt;", "<").replace("&gt;", ">"))

        answers = company.seen_by(ADA)[1:]
        faults = [message.text for message in answers if "Example:" in message.text]
        assert faults == []
    assert len(set(examples)) == len(LOOKING + CHANGING + FREEZING + READING)


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("hagnup", "hangup"),
        ("hang-up", "hangup"),
        ("redirekt", "redirect"),
        ("recnet", "recent"),
        ("HELPP", "help"),
        ("audti by:@ana", "audit"),
        ("log", "audit"),
        ("trasnfer +14155550123", "redirect"),
        ("transfer +14155550123", "redirect"),
        ("hang up +14155550123", "hangup"),
        ("+14155550123", "show +14155550123"),
        ("+44 20 7946 0018", "show +442079460018"),
        (f"CA{'0' * 32}", f"show CA{'0' * 32}"),
    ],
)
async def test_an_unknown_word_gets_what_was_perhaps_meant(
    company: Company, typed: str, suggestion: str
) -> None:
    await company.say(ANA, f"/calls {typed}")

    text = company.last(ANA).text
    assert f"There is no command “/calls {typed.split(maxsplit=1)[0]}”." in text
    assert f"`/calls {suggestion}`" in text
    assert "`/calls help` shows what you can do." in text


async def test_what_is_like_a_command_by_chance_suggests_none(company: Company) -> None:
    await company.say(ANA, "/calls undo")

    assert "Did you mean" not in company.last(ANA).text


@pytest.mark.parametrize("typed", ["list", "lsit"])
async def test_who_asks_for_the_list_is_not_led_to_post_it(company: Company, typed: str) -> None:
    await company.say(ANA, f"/calls {typed}")

    assert "Did you mean `/calls`" in company.last(ANA).text
    assert "post" not in company.last(ANA).text


@pytest.mark.parametrize("typed", ["HELP", "Help", "  help  ", "help me please"])
async def test_a_verb_is_known_in_any_case(company: Company, typed: str) -> None:
    await company.say(ANA, f"/calls {typed}")

    assert "*Hookflash* shows live phone calls" in company.last(ANA).text
