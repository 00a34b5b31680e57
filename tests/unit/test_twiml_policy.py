"""Inline TwiML: what is on the list passes, and nothing that could be read in another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidTargetError, TargetNotAllowedError
from bot.domain.twiml_policy import MAX_TWIML_LENGTH, check_twiml

HOSTS = {"*.example.com"}
PREFIXES = {"+44", "+1415"}


def check(twiml: str, *, is_admin: bool = False) -> None:
    check_twiml(twiml, allowed_hosts=HOSTS, dial_prefixes=PREFIXES, is_admin=is_admin)


def response(inner: str) -> str:
    return f"<Response>{inner}</Response>"


RIGHT = [
    "",
    "<Hangup/>",
    "<Leave/>",
    '<Reject reason="busy"/>',
    '<Pause length="10"/>',
    "<Say>Please hold.</Say>",
    '<Say voice="Polly.Joanna-Neural" language="en-GB" loop="2">Zażółć 你好 😀</Say>',
    '<Say>Wait <break strength="weak" time="100ms"/> a <emphasis level="none">bit</emphasis></Say>',
    '<Say><lang xml:lang="fr-FR">oui</lang><prosody rate="+10%" pitch="-5%">low</prosody></Say>',
    '<Say><say-as interpret-as="telephone">123</say-as><sub alias="and">&amp;</sub></Say>',
    "<Play>https://music.example.com/a.mp3</Play>",
    '<Play loop="0">\n  https://music.example.com/a.mp3?x=1&amp;y=2\n</Play>',
    '<Play digits="ww12*#"/>',
    "<Redirect>https://voice.example.com/next</Redirect>",
    '<Redirect method="GET">https://voice.example.com/next</Redirect>',
    "<Dial>+442079460000</Dial>",
    '<Dial timeout="20" timeLimit="3600" callerId="+14155550100">+14155550123</Dial>',
    "<Dial><Number>+14155550123</Number><Number>+442079460000</Number></Dial>",
    '<Dial><Number sendDigits="ww12" url="https://w.example.com/">+14155550123</Number></Dial>',
    '<Dial><Number statusCallback="https://w.example.com/">+14155550123</Number></Dial>',
    '<Dial><Number statusCallbackEvent="initiated answered">+14155550123</Number></Dial>',
    '<Dial action="https://voice.example.com/after"><Conference>Support</Conference></Dial>',
    '<Dial><Conference waitUrl="" beep="onEnter" maxParticipants="3">Team 1</Conference></Dial>',
    "<Enqueue>support</Enqueue>",
    '<Enqueue waitUrl="https://voice.example.com/wait">support</Enqueue>',
    '<Gather input="dtmf speech" numDigits="1" finishOnKey=""><Say>One?</Say><Pause/></Gather>',
]
WRONG = [
    # Verbs and nouns that are not on the list.
    '<Start><Stream url="wss://s.example.com/"/></Start>',
    "<Connect><Room>x</Room></Connect>",
    '<Connect><Stream url="wss://s.example.com/"/></Connect>',
    "<Pay/>",
    "<Record/>",
    "<Refer><Sip>sip:a@b.example</Sip></Refer>",
    "<Sms>hello</Sms>",
    "<Stop/>",
    "<Siprec/>",
    "<Transcription/>",
    "<Dial><Sip>sip:a@b.example</Sip></Dial>",
    "<Dial><Client>ana</Client></Dial>",
    "<Dial><Sim>DE0123</Sim></Dial>",
    "<Dial><Queue>support</Queue></Dial>",
    "<Dial><Application>AP0123</Application></Dial>",
    "<Enqueue><Task>{}</Task></Enqueue>",
    "<say>lower case</say>",
    "<Say><audio src='https://a.example.com/'/></Say>",
    "<Response/>",
    "<Number>+442079460000</Number>",
    "<Gather><Dial>+442079460000</Dial></Gather>",
    "<Hangup><Say>x</Say></Hangup>",
    '<x:Say xmlns:x="https://evil.example/">x</x:Say>',
    # Attributes that are not on the list, or whose values do not fit.
    '<Dial record="record-from-answer">+442079460000</Dial>',
    '<Dial recordingStatusCallback="https://a.example.com/">+442079460000</Dial>',
    '<Dial referUrl="https://a.example.com/">+442079460000</Dial>',
    '<Dial ACTION="https://a.example.com/">+442079460000</Dial>',
    '<Dial timeout="abc">+442079460000</Dial>',
    '<Dial timeout="-1">+442079460000</Dial>',
    '<Dial timeout="٣">+442079460000</Dial>',
    '<Dial timeLimit="999999">+442079460000</Dial>',
    '<Dial hangupOnStar="yes">+442079460000</Dial>',
    '<Dial method="DELETE">+442079460000</Dial>',
    '<Dial callerId="anonymous">+442079460000</Dial>',
    '<Dial><Conference coach="CA0123">Support</Conference></Dial>',
    '<Dial><Conference record="true">Support</Conference></Dial>',
    '<Say voice="&lt;x&gt;">x</Say>',
    '<Pause length="1e3"/>',
    '<Hangup x="1"/>',
    '<Enqueue workflowSid="WW0123"/>',
    # URLs whose form is wrong.
    "<Play>http://music.example.com/a.mp3</Play>",
    "<Play>https://127.0.0.1/a.mp3</Play>",
    "<Play>a.mp3</Play>",
    "<Redirect>/next</Redirect>",
    "<Redirect>https://user:secret@voice.example.com/</Redirect>",
    "<Redirect>https://voice.example.com/ https://evil.example/</Redirect>",
    '<Gather action="https://0x7f000001/"/>',
    '<Dial><Number url="http://w.example.com/">+442079460000</Number></Dial>',
    # Texts that are missing, or that should not be there.
    "<Redirect/>",
    "<Redirect>  </Redirect>",
    "<Dial><Number/></Dial>",
    "<Dial><Conference></Conference></Dial>",
    "stray text",
    "<Hangup/>stray text",
    "<Hangup>x</Hangup>",
    "<Gather>stray<Say>x</Say></Gather>",
    "<Dial><Number>+442079460000</Number>stray</Dial>",
    # Numbers that are not in E.164.
    "<Dial>02079460000</Dial>",
    "<Dial>+44 20 7946 0000</Dial>",
    "<Dial>+44</Dial>",
    "<Dial>+4420794600000000</Dial>",
    "<Dial>+44\uff12\uff1079460000</Dial>",
    "<Dial>sip:a@b.example</Dial>",
    "<Dial>client:ana</Dial>",
    "<Dial>+442079460000,+14155550123</Dial>",
    # Texts that readers could join in different ways.
    "<Dial>+1900<!-- -->5550123</Dial>",
    "<Dial>+44<Number>+442079460000</Number>2079460000</Dial>",
    "<Dial>+4420<Conference>Support</Conference>79460000</Dial>",
    "<Play><![CDATA[https://music.example.com/a.mp3]]></Play>",
    "<Say>a<?php ?>b</Say>",
    # Control characters, written plainly and as references.
    "<Say>\x07</Say>",
    "<Say>\x85</Say>",
    "<Say>\u202egnp.exe</Say>",
    "<Say>&#x202e;gnp.exe</Say>",
    '<Say><sub alias="&#x2066;">x</sub></Say>',
    "<Say>\ud800</Say>",
    "<Say>&#0;</Say>",
]
WRONG_DOCUMENTS = [
    "",
    "hello",
    "<Response>",
    "<Response></response>",
    "<Response><Say>x</Response>",
    "<Response/><Response/>",
    "<Say>x</Say>",
    "<response/>",
    '<Response xmlns="https://evil.example/"/>',
    '<Response version="1"/>',
    "<Response>&nbsp;</Response>",
    "<Response>&xxe;</Response>",
    '<!DOCTYPE Response SYSTEM "https://evil.example/x.dtd"><Response/>',
    '<!DOCTYPE r [<!ENTITY xxe SYSTEM "file:///etc/passwd">]><Response><Say>&xxe;</Say></Response>',
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa">]><Response><Say>&a;&a;</Say></Response>',
    '<?xml version="1.1"?><Response/>',
    '<?xml version="1.0" encoding="UTF-7"?><Response>+ADw-Record/+AD4-</Response>',
    '<?xml version="1.0" encoding="UTF-16"?><Response/>',
    '<?xml-stylesheet href="https://evil.example/"?><Response/>',
    "\ufeff<Response/>",
    "<!-- hello --><Response/>",
    "<Response>" + "<Pause/>" * 500 + "</Response>",
]
ELSEWHERE = [
    "<Play>https://evil.example/a.mp3</Play>",
    "<Redirect>https://evil.example/</Redirect>",
    '<Dial action="https://evil.example/">+442079460000</Dial>',
    '<Dial><Number url="https://evil.example/">+442079460000</Number></Dial>',
    '<Dial><Number statusCallback="https://evil.example/">+442079460000</Number></Dial>',
    '<Dial><Conference waitUrl="https://evil.example/">Support</Conference></Dial>',
    '<Gather action="https://evil.example/"/>',
    "<Gather><Play>https://evil.example/a.mp3</Play></Gather>",
    '<Enqueue waitUrl="https://evil.example/"/>',
    "<Dial>+19005550123</Dial>",
    "<Dial><Number>+14165550123</Number></Dial>",
    "<Dial><Number>+442079460000</Number><Number>+3311111111</Number></Dial>",
]


@pytest.mark.parametrize("inner", RIGHT)
def test_right_twiml_passes(inner: str) -> None:
    check(response(inner))


@pytest.mark.parametrize(
    "declaration",
    [
        '<?xml version="1.0"?>',
        "<?xml version='1.0' encoding='utf-8' ?>\n",
        '<?xml version="1.0" encoding="UTF-8"?>',
    ],
)
def test_plain_declaration_passes(declaration: str) -> None:
    check(declaration + response("<Hangup/>"))


@pytest.mark.parametrize("twiml", [*map(response, WRONG), *WRONG_DOCUMENTS])
def test_wrong_twiml_is_refused_to_admins_too(twiml: str) -> None:
    with pytest.raises(InvalidTargetError) as refusal:
        check(twiml, is_admin=True)

    assert refusal.value.part
    assert refusal.value.problem.endswith(".")


@pytest.mark.parametrize("inner", ELSEWHERE)
def test_lists_bind_operators_and_not_admins(inner: str) -> None:
    check(response(inner), is_admin=True)

    with pytest.raises(TargetNotAllowedError, match="not on the list"):
        check(response(inner))


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ("<Pay/>", r"^'<Pay>': <Pay> is refused: it takes card details\."),
        ("<Bogus/>", r"^'<Bogus>': <Response> may hold <Say>, <Play>"),
        ('<Dial record="x"/>', r"^'record of <Dial>': This attribute"),
        ('<Pause length="x"/>', r"^'length of <Pause>': It must be a whole number from 1 to 600"),
        ("<Say>", r"^'TwiML': It is not well-formed XML \(line 1, column 18\)"),
    ],
)
def test_refusal_names_the_part_and_the_reason(inner: str, why: str) -> None:
    with pytest.raises(InvalidTargetError, match=why):
        check(response(inner))


def test_no_prefixes_allow_no_dialling() -> None:
    twiml = response("<Dial>+442079460000</Dial>")

    with pytest.raises(TargetNotAllowedError):
        check_twiml(twiml, allowed_hosts=(), dial_prefixes=(), is_admin=False)


def test_star_allows_every_number() -> None:
    twiml = response("<Dial>+819012345678</Dial>")

    check_twiml(twiml, allowed_hosts=(), dial_prefixes={"*"}, is_admin=False)


def test_longest_twiml_passes_and_one_more_character_does_not() -> None:
    frame = response("<Say></Say>")
    longest = response(f"<Say>{'x' * (MAX_TWIML_LENGTH - len(frame))}</Say>")

    check(longest)

    with pytest.raises(InvalidTargetError, match="4,000 characters"):
        check(longest.replace("x", "xx", 1))


def test_deepest_nesting_is_no_fault() -> None:
    check(response(f"<Say>{'<p>' * 560}{'</p>' * 560}</Say>"))


PIECES = st.sampled_from(
    [
        "<Response>",
        "</Response>",
        "<Response/>",
        "<Dial>",
        "</Dial>",
        "<Number>",
        "</Number>",
        "<Say>",
        "</Say>",
        "<Hangup/>",
        "<Record/>",
        "+19005550123",
        "+442079460000",
        " ",
        "\n",
        "<Play>",
        "</Play>",
        "https://evil.example/",
        "https://a.example.com/",
        "&#x2d;",
        "&amp;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x",
        "?>",
        "<!DOCTYPE x>",
        '<?xml version="1.0"?>',
        "x",
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=60)))
def test_anything_is_judged_without_a_fault(inner: str) -> None:
    for twiml in (inner, response(inner)):
        try:
            check(twiml)
        except (InvalidTargetError, TargetNotAllowedError):
            continue

        assert "evil" not in twiml
        assert "+1900" not in twiml
        assert "Record" not in twiml
