"""Borealis Support, the small company of the sandbox: its people, channels, numbers and callers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.sandbox.slack import SlackStandIn
from bot.sandbox.twilio import PhoneNetwork

Role = Literal["operator", "viewer", "admin", "guest", "from Acme"]

NAME = "Borealis Support"
ACME_TEAM_ID = "T0ACME"
SUPPORT_LINE = "+14155550100"
FRAUD_DESK = "+14155550102"
SALES_LINE = "+442079460018"
VOICE = "https://voice.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom one can be in the sandbox."""

    user_id: str
    name: str
    real_name: str
    role: Role
    tz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """A channel of the company; the app acts in those that it is a member of."""

    channel_id: str
    name: str
    members: tuple[str, ...]
    has_app: bool = True
    flags: Mapping[str, bool] = field(default_factory=dict)


ANA = Person(user_id="U0ANA", name="ana", real_name="Ana Ruiz", role="operator", tz="Europe/Madrid")
BEN = Person(
    user_id="U0BEN", name="ben", real_name="Ben Okafor", role="operator", tz="Europe/London"
)
VERA = Person(
    user_id="U0VERA", name="vera", real_name="Vera Lind", role="viewer", tz="Europe/Stockholm"
)
ADA = Person(
    user_id="U0ADA", name="ada", real_name="Ada Chen", role="admin", tz="America/Los_Angeles"
)
GUS = Person(user_id="U0GUS", name="gus", real_name="Gus Meyer", role="guest", tz="Europe/Berlin")
SAM = Person(
    user_id="U0SAM", name="sam", real_name="Sam Acme", role="from Acme", tz="America/New_York"
)
PEOPLE = (ANA, BEN, VERA, ADA, GUS, SAM)
_EMPLOYEES = tuple(person.user_id for person in (ANA, BEN, VERA, ADA))

CHANNELS = (
    ChannelPlan(channel_id="C0SUPPORT", name="support", members=(*_EMPLOYEES, GUS.user_id)),
    ChannelPlan(channel_id="C0FRAUD", name="fraud-watch", members=_EMPLOYEES, has_app=False),
    ChannelPlan(
        channel_id="C0ACME",
        name="acme-borealis",
        members=(*_EMPLOYEES, SAM.user_id),
        flags={"is_shared": True},
    ),
)

NUMBERS = (
    (SUPPORT_LINE, "Support line", f"{VOICE}/support"),
    (SALES_LINE, "Sales line", f"{VOICE}/sales"),
    (FRAUD_DESK, "Fraud desk", f"{VOICE}/fraud-desk"),
)

# Numbers that the regulators keep for drama: nobody can be reached at them.
# Source: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
MARIA, DESK_AGENT = "+14155550123", "+14155550171"
HOSTILE_CALLER = "+442079460666"
FRAUDSTER, PREMIUM_LINE = "+14155550199", "+449098790042"
PREMIUM_PREFIX = "+44909879"
STRANDED_CUSTOMER = "+442079460190"
ENGINEERS = ("+14155550191", "+447700900192")
HUDDLE = ("+14155550181", "+442079460182", "+447700900183")
CALLERS = (
    ("+14155550124", "Theo Park"),
    ("+442079460125", "Priya Nair"),
    ("+447700900126", "Owen Clarke"),
    ("+14155550127", "Rosa Diaz"),
    ("+442079460128", "Ivy Walsh"),
    ("+14155550129", "Hugo Stone"),
)
CONTACTS = {
    **dict(CALLERS),
    MARIA: "Maria Lopez",
    DESK_AGENT: "Support desk 1",
    PREMIUM_LINE: "Premium-rate number",
    STRANDED_CUSTOMER: "Nora Quist (Northwind)",
    ENGINEERS[0]: "Ada Chen (on call)",
    ENGINEERS[1]: "Ben Okafor (mobile)",
    HUDDLE[0]: "Lena (home)",
    HUDDLE[1]: "Farid (office)",
    HUDDLE[2]: "June (mobile)",
}

REDIRECT_HOSTS = "*.example.com"
DIAL_PREFIXES = "+1,+44"

# Music goes on until somebody acts, so that a call can be looked at in peace.
_MUSIC = '<Play loop="0">https://media.example.com/{}.mp3</Play>'
_PAGES = {
    "/support": "<Say>Welcome to Borealis support. Please hold for the next free agent.</Say>"
    + _MUSIC.format("northern-lights"),
    "/sales": "<Say>Borealis sales. We will be right with you.</Say>" + _MUSIC.format("bossa-nova"),
    "/fraud-desk": "<Say>This is the fraud desk. This call may be recorded.</Say>"
    + _MUSIC.format("quiet-piano"),
    "/hold": _MUSIC.format("hold"),
    "/closed": "<Say>We are closed now. Please call again tomorrow. Goodbye.</Say><Hangup/>",
    "/agent": f"<Say>Connecting you to an agent.</Say><Dial>{DESK_AGENT}</Dial>",
    "/huddle": "<Dial><Conference>Weekly support huddle</Conference></Dial>",
}


def seed_workspace(slack: SlackStandIn) -> None:
    """The people and channels, and everybody's direct conversation with the app."""
    workspace = slack.workspace
    for person in PEOPLE:
        workspace.add_user(
            person.name,
            user_id=person.user_id,
            real_name=person.real_name,
            team_id=ACME_TEAM_ID if person.role == "from Acme" else None,
            tz=person.tz,
            is_restricted=person.role == "guest",
        )
    for plan in CHANNELS:
        workspace.add_channel(
            plan.name,
            channel_id=plan.channel_id,
            members=plan.members,
            app_is_member=plan.has_app,
            **plan.flags,
        )
    for person in PEOPLE:
        workspace.direct_channel(person.user_id)


def seed_network(network: PhoneNetwork) -> None:
    """The numbers, and the web pages that say what their calls do; one of the pages is broken."""
    for phone_number, friendly_name, voice_url in NUMBERS:
        network.add_number(phone_number, friendly_name, voice_url)
    for path, verbs in _PAGES.items():
        network.example_hosts.register(f"{VOICE}{path}", f"<Response>{verbs}</Response>")
    network.example_hosts.register(f"{VOICE}/broken", "Internal Server Error", status=500)


def role_settings() -> dict[str, str]:
    """The bot's settings that say who may do what, and where calls may be sent."""
    return {
        "HOOKFLASH_ADMINS": _ids_of("admin"),
        "HOOKFLASH_OPERATORS": _ids_of("operator"),
        "HOOKFLASH_VIEWERS": "*",
        "HOOKFLASH_REDIRECT_HOSTS": REDIRECT_HOSTS,
        "HOOKFLASH_DIAL_PREFIXES": DIAL_PREFIXES,
    }


def _ids_of(role: Role) -> str:
    return ",".join(person.user_id for person in PEOPLE if person.role == role)
