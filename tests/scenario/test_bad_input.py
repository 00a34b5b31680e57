"""What people mistype: a sentence that names the part, a right example, nothing sent."""

from __future__ import annotations

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import ADA, ANA, SUPPORT, SUPPORT_LINE, Company
from tests.scenario.reading import shown

CALLER = "+14155550123"
SID = "CA0123456789abcdef0123456789abcdef"
RIGHT_LEFT = "\N{RIGHT-TO-LEFT OVERRIDE}"
MANY = "a" * 4000
PAIR = 2


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def told_after(company: Company, typed: str, who: str = ANA) -> str:
    """The answer, which the person alone sees; nothing was sent, and the bot lives."""
    await company.say(who, f"/calls {typed}")

    answer = company.last(who)
    assert answer.ephemeral_to == who
    assert company.changes_sent() == []
    await company.say(who, "/calls")
    assert "1 live call" in shown(company.last(who))
    return answer.text


@pytest.mark.parametrize(
    ("reference", "part", "problem"),
    [
        ("CA123", "CA123", "A call SID is CA and 32 of 0-9 and a-f; this has 5 characters."),
        (SID[:-1] + "g", SID[:-1], "A call SID is CA and 32 of 0-9 and a-f"),
        (SID + "0", SID, "this has 35 characters"),
        ("abc", "abc", "too short to name one call"),
        ("hello", "hello", "neither a call SID, nor the end of one, nor a phone number"),
        ("☎️", "☎", "neither a call SID"),
        ("../../Accounts", "../../Accounts", "neither a call SID"),
        ("CA%2e%2e", "CA%2e%2e", "A call SID is CA and 32"),
        ("\N{FULLWIDTH DIGIT ONE}" * 8, "\N{FULLWIDTH DIGIT ONE}", "neither a call SID"),
        (MANY, "aaaa", "neither a call SID"),
    ],
)
@pytest.mark.usefixtures("call")
async def test_no_name_of_a_call(company: Company, reference: str, part: str, problem: str) -> None:
    for typed in (f"show {reference}", f"hangup {reference}", f"redirect {reference} sorry"):
        told = await told_after(company, typed)

        assert f"“{part}" in told
        assert problem in told
        assert "Example: CA0123456789abcdef0123456789abcdef, its last 6 characters, or" in told


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("show", "Which call? Name one."),
        ("hangup", "Which call? Name one."),
        ("redirect", "Which call? Name one."),
        (f"redirect {SID}", "Where to? Name a target."),
        ("freeze", "Say why"),
    ],
)
@pytest.mark.usefixtures("call")
async def test_what_is_missing_is_asked_for(company: Company, typed: str, problem: str) -> None:
    told = await told_after(company, typed, who=ADA)

    assert problem in told
    assert "Example: " in told


@pytest.mark.parametrize(
    ("typed", "part", "problem", "example"),
    [
        ("frum:+44*", "frum:+44*", "Did you mean from:?", "from:+44*"),
        ("post zzz:red", "zzz:red", "There is no such filter", "since:2h"),
        ("status:ringin", "status:ringin", "Did you mean ringing?", "status:ringing"),
        ("status:\N{PILE OF POO}", "status:\N{PILE OF POO}", "It can be queued", "status:ringing"),
        ("direction:up", "direction:up", "inbound, outbound", "direction:inbound"),
        ("longer:soon", "longer:soon", "A duration is a whole number with s, m, h", "longer:10m"),
        ("longer:99999d", "longer:99999d", "at most 400d", "longer:10m"),
        ("since:yesterday", "since:yesterday", "a day (2026-01-31)", "since:2h"),
        ("since:2026-02-31", "since:2026-02-31", "There is no such day", "since:2h"),
        ("limit:0", "limit:0", "from 1 to 1000", "limit:50"),
        ("limit:-1", "limit:-1", "from 1 to 1000", "limit:50"),
        ("from:abc", "from:abc", "no phone number", "from:+44*"),
        ("from:+4*4*", "from:+4*4*", "no phone number", "from:+44*"),
        ("to:*042*", "to:*042*", "A number has one star, at its end or before", "to:+1555*"),
        ("from:+44* from:+1*", "from:+1*", "given twice", "from:+44*"),
        ("post +14155550123", "+14155550123", "either end of a call", "from:+14155550123"),
        ("recent by:@ana", "by:<@U0ANA>", "filter here; the log has it", "/calls audit by:@ana"),
        ("number:+44*", "number:+44*", "the log has it", "/calls audit number:+1555*"),
        ("audit longer:1h", "longer:1h", "lists of calls have it", "/calls longer:10m"),
        ("audit status:failed", "status:failed", "The log has outcomes", "outcome:failed"),
        (f"from:{MANY}", "from:aaaa", "no phone number", "from:+44*"),
        ("audit by:ana", "by:ana", "Name a person by a mention", "by:@ana"),
        ("audit outcome:bad", "outcome:bad", "It can be succeeded", "outcome:failed"),
        ("audit action:hangup", "action:hangup", "Did you mean hang_up?", "action:hang_up"),
        ("audit call:CA12", "call:CA12", "32 of 0-9 and a-f", f"call:{SID}"),
        ("audit to:*0123", "to:*0123", "only at its end", "to:+1555*"),
        ("audit limit:51", "limit:51", "from 1 to 50", "limit:20"),
    ],
)
@pytest.mark.usefixtures("call")
async def test_no_filter(
    company: Company, typed: str, part: str, problem: str, example: str
) -> None:
    told = (await told_after(company, typed)).replace("`", "")

    assert f"“{part}" in told
    assert problem in told
    assert f"Example: {example}" in told


@pytest.mark.parametrize("typed", ["to:*042*", "from:+44*1", "audit to:*0123", "*", "post *a*"])
@pytest.mark.usefixtures("call")
async def test_no_star_of_a_mistake_is_taken_for_bold(company: Company, typed: str) -> None:
    """Slack shows neither of two stars, so what was typed and the example would be others."""
    told = await told_after(company, typed)

    outside_of_code = "".join(told.split("`")[::2])
    assert outside_of_code.count("*") < PAIR


@pytest.mark.parametrize(
    ("target", "part", "problem"),
    [
        ("hold-musik", "hold-musik", "Did you mean hold-music?"),
        ("“nowhere”", "nowhere", "no known target"),
        ("\N{TELEPHONE RECEIVER}", "\N{TELEPHONE RECEIVER}", "no known target"),
        (MANY, "aaaa", "no known target"),
        ("<Response>", "TwiML", "from &lt;Response&gt; to &lt;/Response&gt;"),
        ("<Response><Say>x</Response>", "TwiML", "not well-formed XML (line 1, column"),
        ("<response></response>", "TwiML", "from &lt;Response&gt;"),
        ("<Response><Record/></Response>", "&lt;Record&gt;", "it records people"),
        (
            "<Response><Start><Stream url='wss://x.example'/></Start></Response>",
            "&lt;Start&gt;",
            "sends the call's sound or words elsewhere",
        ),
        ("<Response><Pay/></Response>", "&lt;Pay&gt;", "it takes card details"),
        ("<Response><Sey>x</Sey></Response>", "&lt;Sey&gt;", "may hold"),
        (
            "<Response><Dial record='true'>+442079460111</Dial></Response>",
            "record of &lt;Dial&gt;",
            "This attribute is not allowed here.",
        ),
        (
            "<Response><Dial>020 7946 0111</Dial></Response>",
            "the text of &lt;Dial&gt;",
            "a number in E.164",
        ),
        (
            "<Response><Dial timeout='soon'>+442079460111</Dial></Response>",
            "timeout of &lt;Dial&gt;",
            "a whole number from 1 to 600",
        ),
        ("<!DOCTYPE x><Response/>", "TwiML", "from &lt;Response&gt;"),
        ("<Response><!-- x --></Response>", "TwiML", "no DTD, entities, comments"),
        ("<Response><Say>&bomb;</Say></Response>", "TwiML", "not well-formed"),
        ("<Response><Say>\x07</Say></Response>", "TwiML", "no control characters"),
        (
            f"<Response><Say>{'a' * 3990}</Say></Response>",
            "TwiML",
            "at most 4,000 characters",
        ),
        (
            "<Response><Redirect>http://voice.example.com</Redirect></Response>",
            "http://voice.example.com",
            "starts with https://",
        ),
        (
            "<Response><Play>https://10.0.0.1/a.mp3</Play></Response>",
            "10.0.0.1",
            "An IP address is no host",
        ),
    ],
)
async def test_no_target(
    company: Company, call: Call, target: str, part: str, problem: str
) -> None:
    """The form of a target binds an admin too."""
    told = await told_after(company, f"redirect {call.sid} {target}", ADA)

    assert f"“{part}" in told
    assert problem in told
    assert "Example: " in told
    assert await company.log() == []


@pytest.mark.parametrize("typed", [MANY, "x" * 39 + " " + "y" * 3000, "\N{PILE OF POO}" * 1000])
@pytest.mark.usefixtures("call")
async def test_very_long_words_are_no_commands(company: Company, typed: str) -> None:
    told = await told_after(company, typed)

    assert "There is no command “/calls " in told
    assert "`/calls help`" in told
    assert len(told) < 500


@pytest.mark.parametrize(
    "typed", [f"{RIGHT_LEFT}pleh", "nope\x00\x1b[31m", "שלום", "*bold* _it_ `code`", "<!channel>"]
)
@pytest.mark.usefixtures("call")
async def test_strange_characters_do_no_harm(company: Company, typed: str) -> None:
    told = await told_after(company, typed)

    assert "There is no command" in told
    assert "`/calls help` shows what you can do." in told
    assert [mark for mark in (RIGHT_LEFT, "\x00", "\x1b", "<!channel>") if mark in told] == []


async def test_a_reason_that_is_too_long_says_how_long_it_may_be(
    company: Company, call: Call
) -> None:
    told = await told_after(company, f"hangup {call.sid} {'why ' * 200}")

    assert "A reason has at most 500 characters; this has 799." in told
    assert call.is_live


async def test_a_reason_may_be_written_in_any_script(company: Company, call: Call) -> None:
    reason = "Anruferin möchte \N{TELEPHONE RECEIVER} שלום 你好 *nicht* `weiter`"

    await company.say(ANA, f"/calls hangup {call.sid} {reason}")

    assert not call.is_live
    assert (await company.log())[0].personal["reason"] == reason
    assert "möchte \N{TELEPHONE RECEIVER} שלום 你好" in shown(company.last(ANA))


@pytest.mark.parametrize("typed", ["", " ", "\N{NO-BREAK SPACE}", "\u200b"])
@pytest.mark.usefixtures("call")
async def test_nothing_at_all_is_the_list(company: Company, typed: str) -> None:
    await company.say(ANA, f"/calls {typed}")

    assert "1 live call" in shown(company.last(ANA))


async def test_the_word_payload_is_a_word_like_any_other(company: Company, call: Call) -> None:
    """Bolt would look for a field of that name, wherever the word stands in a command's form."""
    await company.say(ANA, f"/calls hangup {call.sid} wrong payload")

    assert not call.is_live
    assert (await company.log())[0].personal["reason"] == "wrong payload"


async def test_a_channel_may_be_called_payload(company: Company, call: Call) -> None:
    company.slack.workspace.channels[SUPPORT].name = "payload-support"

    await company.say(ANA, "/calls")

    assert call.sid[-6:] in shown(company.last(ANA))
