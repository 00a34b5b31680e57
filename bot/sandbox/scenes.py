"""The scenes of the sandbox: calls that are placed together and tell a story."""

from datetime import timedelta

from bot.sandbox import company
from bot.sandbox.twilio import Call, PhoneNetwork

BURST_CALLS = 300
BURST_LASTS_S = 55.0

# A caller names himself, so the name is an attacker's: a loud mention, a false link, and text
# that runs backwards.
HOSTILE_NAME = "<!channel> *free* <https://evil.example|click> \u202egnp.ecioveni"


def talk(network: PhoneNetwork) -> list[Call]:
    """A caller who talks with the support desk: one conversation, two legs."""
    call = network.call_in_progress(
        company.MARIA,
        company.SUPPORT_LINE,
        caller_name="LOPEZ MARIA",
        started_at=network.clock.now() - timedelta(minutes=3, seconds=12),
    )
    network.dial(call, company.DESK_AGENT)
    return [call]


def huddle(network: PhoneNetwork) -> list[Call]:
    """Three people in a conference, called by the support line."""
    return _conference(network, "Weekly support huddle", company.HUDDLE, timedelta(minutes=14))


def support_conference(network: PhoneNetwork) -> list[Call]:
    """A customer, the desk and two engineers, brought together over an outage."""
    people = (company.STRANDED_CUSTOMER, company.DESK_AGENT, *company.ENGINEERS)
    return _conference(network, "Outage at Northwind", people, timedelta(minutes=2))


def hostile(network: PhoneNetwork) -> list[Call]:
    """A caller whose name is an attack on whoever reads it."""
    return [
        network.call_in_progress(
            company.HOSTILE_CALLER,
            company.SALES_LINE,
            caller_name=HOSTILE_NAME,
            started_at=network.clock.now() - timedelta(seconds=50),
            twiml=f"<Response><Redirect>{company.VOICE}/sales</Redirect></Response>",
        )
    ]


def fraud(network: PhoneNetwork) -> list[Call]:
    """What toll fraud looks like: a long call that was passed on to a premium-rate number."""
    now = network.clock.now()
    call = network.call_in_progress(
        company.FRAUDSTER, company.FRAUD_DESK, started_at=now - timedelta(minutes=47)
    )
    leg = network.dial(call, company.PREMIUM_LINE)
    answered_at = now - timedelta(minutes=46)
    network.change(leg, started_at=answered_at, answered_at=answered_at)
    return [call]


def burst_call(network: PhoneNetwork, serial: int) -> Call:
    """One of the many calls that somebody with stolen keys places to a premium-rate prefix."""
    return network.call_ringing(
        company.SALES_LINE,
        f"{company.PREMIUM_PREFIX}{serial:04}",
        twiml='<Response><Play loop="0">https://media.example.com/premium.mp3</Play></Response>',
    )


def _conference(
    network: PhoneNetwork, name: str, numbers: tuple[str, ...], ago: timedelta
) -> list[Call]:
    begin_at = network.clock.now() - ago
    calls = [
        network.call_in_progress(company.SUPPORT_LINE, number, "outbound-api", started_at=begin_at)
        for number in numbers
    ]
    for call in calls:
        network.join_conference(call, name)
    return calls
