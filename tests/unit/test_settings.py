"""What the environment may say, and what is said when it cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.database.url import driver_url
from bot.domain.people import Role
from bot.settings import SettingsError, load_settings, read_database_url, read_slack_app, variables

HEX = "0123456789abcdef" * 2
KEY = f"ed25519-private:{'q' * 43}="
ENOUGH = {
    "SLACK_BOT_TOKEN": "xoxb-123-456-abcDEF",
    "SLACK_SIGNING_SECRET": HEX,
    "TWILIO_ACCOUNT_SID": "AC" + HEX,
    "TWILIO_AUTH_TOKEN": HEX,
}


def faults_of(environ: dict[str, str]) -> dict[str, str]:
    """The problem of each variable that is at fault."""
    with pytest.raises(SettingsError) as told:
        load_settings(environ)
    return {fault.variable: fault.problem for fault in told.value.faults}


def test_four_variables_are_enough() -> None:
    settings = load_settings(ENOUGH)

    assert settings.slack_bot_token.get_secret_value() == "xoxb-123-456-abcDEF"
    assert settings.database_url.get_secret_value() == "sqlite:///hookflash.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert (settings.command, settings.poll_s) == ("/calls", 5.0)
    assert settings.slack_api_url == "https://slack.com/api/"


def test_an_app_level_token_stands_instead_of_the_signing_secret() -> None:
    environ = {**ENOUGH, "SLACK_APP_TOKEN": "xapp-1-A0123-45-abcdef"}
    del environ["SLACK_SIGNING_SECRET"]

    settings = load_settings(environ)

    assert settings.slack_signing_secret is None
    assert settings.slack_app_token is not None


def test_without_either_both_ways_into_slack_are_told() -> None:
    environ = {**ENOUGH, "SLACK_SIGNING_SECRETS": HEX}
    del environ["SLACK_SIGNING_SECRET"]

    assert faults_of(environ) == {
        "SLACK_SIGNING_SECRET": "is not set (SLACK_SIGNING_SECRETS is; was that meant?); "
        "set it, or SLACK_APP_TOKEN for Socket Mode"
    }


def test_by_default_full_members_look_and_nobody_acts() -> None:
    lists = load_settings(ENOUGH).role_lists

    assert lists.role_of("U1", is_full_member=True) is Role.VIEWER
    assert lists.role_of("U1", is_full_member=False) is Role.NOBODY


def test_every_fault_is_told_at_once() -> None:
    faults = faults_of(
        {
            "SLACK_BOT_TOKEN": "xoxp-1-2-3",
            "TWILIO_ACCOUNT_SID": "SK" + HEX,
            "PORT": "70000",
            "LOG_LEVEL": "loud",
            "HOOKFLASH_POLL_S": "nan",
            "HOOKFLASH_OPERATOR": "U0123456789",
        }
    )

    assert list(faults) == [
        "HOOKFLASH_OPERATOR",
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "PORT",
        "LOG_LEVEL",
        "HOOKFLASH_POLL_S",
    ]


def test_a_fault_is_a_sentence_with_a_right_example() -> None:
    with pytest.raises(SettingsError) as told:
        load_settings({**ENOUGH, "PORT": "http"})

    assert str(told.value) == "PORT is no whole number from 1 to 65535. Example: PORT=3000"


def test_empty_and_blank_values_count_as_absent() -> None:
    settings = load_settings({**ENOUGH, "PORT": "", "HOOKFLASH_COMMAND": "  "})

    assert (settings.port, settings.command) == (3000, "/calls")


def test_white_space_around_a_value_is_no_fault() -> None:
    settings = load_settings({**ENOUGH, "SLACK_BOT_TOKEN": " xoxb-123-456-abcDEF\n"})

    assert settings.slack_bot_token.get_secret_value() == "xoxb-123-456-abcDEF"


def test_every_example_is_right() -> None:
    examples = {
        name: example for name, field in variables().items() for example in field.examples or ()
    }
    del examples["TWILIO_AUTH_TOKEN"]  # the other way to sign in
    del examples["TWILIO_API_URL"]  # stands instead of Region and edge

    settings = load_settings(examples)

    assert settings.twilio_credentials[0].startswith("SK")
    assert settings.redirect_hosts == {"voice.example.com", "*.example.org"}


def test_every_variable_is_described() -> None:
    described = {name for name, field in variables().items() if field.description}

    assert described == set(variables())


@pytest.mark.parametrize(
    ("variable", "value", "part_of_the_problem"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-A-2-b", "app-level token"),
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-abc", "rotates"),
        ("SLACK_BOT_TOKEN", "my-token", "begin with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-1-2", "cut off"),
        ("SLACK_BOT_TOKEN", "xoxb-123-456-abc…", "cut off"),
        ("SLACK_BOT_TOKEN", f'"xoxb-{HEX}"', "quotation marks"),
        ("SLACK_SIGNING_SECRET", "short", "16 to 64"),
        ("SLACK_APP_TOKEN", "xoxb-1-2-abcDEFgh", "is a bot token"),
        ("SLACK_APP_TOKEN", "xapp-1", "cut off"),
        ("SLACK_APP_TOKEN", "my-token", "begin with xapp-"),
        ("SLACK_API_URL", "http://slack.example.com/api/", "this machine only"),
        ("SLACK_API_URL", "http://127.1/api/", "this machine only"),
        ("SLACK_API_URL", "ftp://slack.example.com/", "https://"),
        ("SLACK_API_URL", "https://ana:pw@slack.example.com/", "user or a password"),
        ("SLACK_API_URL", "https://slack.example.com/?a=1", "? or #"),
        ("SLACK_API_URL", "https://[::1/", "cannot be read"),
        ("SLACK_API_URL", "https://slack.example.com:port/", "cannot be read"),
        ("TWILIO_ACCOUNT_SID", "AC123", "AC and 32"),
        ("TWILIO_REGION", "IRELAND", "Region"),
        ("TWILIO_EDGE", "dublin.ie1", "edge"),
        ("DATABASE_URL", "mysql://host/db", "sqlite:/// or postgresql://"),
        ("DATABASE_URL", "postgresql+asyncpg://host/db", "driver"),
        ("DATABASE_URL", "postgresql://host", "names no database"),
        ("DATABASE_URL", "postgresql://u:p#q@host/d", "# %23"),
        ("DATABASE_URL", "postgresql://u:p/q@host/d", "/ is written %2F"),
        ("DATABASE_URL", "sqlite://hookflash.db", "three slashes"),
        ("DATABASE_URL", "sqlite:///:memory:", "no log"),
        ("DATABASE_URL", "sqlite:///", "no log"),
        ("HOST", "a b", "no address to listen on"),
        ("PORT", "0", "1 to 65535"),
        ("PORT", "³", "1 to 65535"),
        ("LOG_LEVEL", "debgu", "did you mean DEBUG?"),
        ("LOG_FORMAT", "jsn", "did you mean json?"),
        ("HOOKFLASH_PUBLIC_URL", "hookflash.example.com", "https://"),
        ("HOOKFLASH_ADMINS", "@ana", "Copy member ID"),
        ("HOOKFLASH_OPERATORS", "U0123456789,ana", "entry 2 of 2"),
        ("HOOKFLASH_VIEWERS", ",", "commas only"),
        ("HOOKFLASH_REDIRECT_HOSTS", "https://voice.example.com", "hosts alone"),
        ("HOOKFLASH_REDIRECT_HOSTS", "localhost", "with a dot"),
        ("HOOKFLASH_REDIRECT_HOSTS", "10.0.0.1", "with a dot"),
        ("HOOKFLASH_REDIRECT_HOSTS", "a_b.example.com", "with a dot"),
        ("HOOKFLASH_REDIRECT_HOSTS", "voice.*.com", "with a dot"),
        ("HOOKFLASH_DIAL_PREFIXES", "0044", "start with +"),
        ("HOOKFLASH_COMMAND", "calls", "a slash and"),
        ("HOOKFLASH_COMMAND", "/Calls", "a-z"),
        ("HOOKFLASH_POLL_S", "0.1", "from 1 to 300"),
        ("HOOKFLASH_METRICS_TOKEN", "too short", "16 or more"),
        ("HOOKFLASH_AUDIT_KEY", f'"{KEY}"', "quotation marks"),
        ("HOOKFLASH_AUDIT_KEY", KEY.upper(), "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", KEY.replace("private", "public"), "the private one is needed"),
        ("HOOKFLASH_AUDIT_KEY", KEY.partition(":")[2], "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", KEY.partition(":")[2].removesuffix("="), "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", f"HOOKFLASH_AUDIT_KEY={KEY}", "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", "0f" * 32, "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", "-----BEGIN PRIVATE KEY-----\nMC4C\n", "is no private key"),
        ("HOOKFLASH_REDACT_AFTER", "180", "from 1d to 36500d"),
        ("HOOKFLASH_REDACT_AFTER", "0d", "from 1d to 36500d"),
    ],
)
def test_a_malformed_value_is_told(variable: str, value: str, part_of_the_problem: str) -> None:
    faults = faults_of({**ENOUGH, variable: value})

    assert part_of_the_problem in faults[variable]
    assert list(faults) == [variable]


@pytest.mark.parametrize("value", [KEY, "/etc/hookflash/audit.key", "ed25519-audit.key", "key"])
def test_an_audit_key_is_given_itself_or_by_its_file(value: str) -> None:
    settings = load_settings({**ENOUGH, "HOOKFLASH_AUDIT_KEY": value})

    assert settings.audit_key is not None
    assert settings.audit_key.get_secret_value() == value


@pytest.mark.parametrize(
    ("variables_set", "at_fault"),
    [
        ((), "TWILIO_AUTH_TOKEN"),
        (("TWILIO_API_KEY",), "TWILIO_API_SECRET"),
        (("TWILIO_API_SECRET",), "TWILIO_API_KEY"),
        (("TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"), "TWILIO_AUTH_TOKEN"),
        (("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET"), "TWILIO_AUTH_TOKEN"),
    ],
)
def test_there_is_exactly_one_way_into_twilio(
    variables_set: tuple[str, ...], at_fault: str
) -> None:
    environ = {name: value for name, value in ENOUGH.items() if name != "TWILIO_AUTH_TOKEN"}
    values = {"TWILIO_AUTH_TOKEN": HEX, "TWILIO_API_KEY": "SK" + HEX, "TWILIO_API_SECRET": HEX}

    faults = faults_of(environ | {name: values[name] for name in variables_set})

    assert list(faults) == [at_fault]


def test_an_api_key_signs_in_with_its_own_sid() -> None:
    environ = {name: value for name, value in ENOUGH.items() if name != "TWILIO_AUTH_TOKEN"}

    settings = load_settings(environ | {"TWILIO_API_KEY": "SK" + HEX, "TWILIO_API_SECRET": HEX})

    assert settings.twilio_credentials == ("SK" + HEX, HEX)
    assert load_settings(ENOUGH).twilio_credentials == ("AC" + HEX, HEX)


def test_a_region_has_no_meaning_beside_a_stand_in() -> None:
    stand_in = {"TWILIO_API_URL": "http://127.0.0.1:4002"}

    faults = faults_of(ENOUGH | stand_in | {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"})

    assert list(faults) == ["TWILIO_REGION", "TWILIO_EDGE"]


def test_a_region_is_reached_at_an_edge() -> None:
    """Twilio answers no more where a Region alone is named."""
    assert load_settings(ENOUGH | {"TWILIO_REGION": "ie1"}).twilio_region == "ie1"

    faults = faults_of(ENOUGH | {"TWILIO_REGION": "sg1"})

    assert "whose edge Hookflash knows (au1, ie1, jp1, us1)" in faults["TWILIO_EDGE"]
    assert load_settings(ENOUGH | {"TWILIO_REGION": "sg1", "TWILIO_EDGE": "singapore"})


def test_base_urls_end_as_each_client_needs_it() -> None:
    settings = load_settings(
        ENOUGH
        | {"SLACK_API_URL": "http://localhost:4001/api", "TWILIO_API_URL": "http://[::1]:4002/"}
    )

    assert settings.slack_api_url == "http://localhost:4001/api/"
    assert settings.twilio_api_url == "http://[::1]:4002"


def test_an_unknown_name_of_ours_is_a_fault_that_names_the_right_one() -> None:
    faults = faults_of({**ENOUGH, "HOOKFLASH_REDIRECT_HOST": "voice.example.com"})

    assert faults == {
        "HOOKFLASH_REDIRECT_HOST": "is no setting of Hookflash"
        " (did you mean HOOKFLASH_REDIRECT_HOSTS?)"
    }


def test_names_for_the_tests_and_for_others_are_let_be() -> None:
    strangers = {"HOOKFLASH_TEST_REQUIRE_BROWSER": "1", "SLACK_CLIENT_ID": "1.2", "PATH": "/bin"}

    assert load_settings(ENOUGH | strangers) == load_settings(ENOUGH)


def test_a_misspelt_name_is_found_where_the_right_one_is_missing() -> None:
    environ = {name: value for name, value in ENOUGH.items() if name != "SLACK_BOT_TOKEN"}

    faults = faults_of({**environ, "SLACK_BOT_TOKN": "xoxb-123-456-abcDEF"})

    assert faults == {"SLACK_BOT_TOKEN": "is not set (SLACK_BOT_TOKN is; was that meant?)"}


def test_a_dyno_listens_everywhere_and_keeps_no_files() -> None:
    postgres = {"DYNO": "web.1", "DATABASE_URL": "postgres://u:p@host:5432/d?sslmode=require"}

    assert load_settings(ENOUGH | postgres).host == "0.0.0.0"  # noqa: S104 - that is the fact
    assert list(faults_of({**ENOUGH, "DYNO": "web.1"})) == ["DATABASE_URL"]
    with pytest.raises(SettingsError):
        read_database_url({"DYNO": "release.1", "DATABASE_URL": "sqlite:///hookflash.db"})


def test_the_log_can_be_read_without_any_token() -> None:
    url = "postgresql://u:p@host/d"

    assert read_database_url({}) == "sqlite:///hookflash.db"
    assert read_database_url({"DATABASE_URL": url}) == url


def test_the_manifest_needs_no_token() -> None:
    app = read_slack_app({"HOOKFLASH_PUBLIC_URL": "https://hookflash.example.com/"})

    assert (app.command, app.public_url) == ("/calls", "https://hookflash.example.com")


def test_secrets_are_known_to_the_logs_and_shown_nowhere() -> None:
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-1-2-sssSSS",
        "SLACK_SIGNING_SECRET": "s" * 32,
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "HOOKFLASH_METRICS_TOKEN": "m" * 20,
    }

    settings = load_settings(ENOUGH | secrets)

    assert set(secrets.values()) <= set(settings.secrets)
    assert not any(secret in repr(settings) for secret in settings.secrets)


@given(
    st.dictionaries(
        st.sampled_from([*variables(), "HOOKFLASH_ADMIN", "SLACK_TOKEN", "DYNO"]),
        st.tuples(st.sampled_from(["", "xoxb-", "https://", "sqlite:///", "U1,"]), st.text()),
    )
)
def test_no_value_is_ever_repeated(environ: dict[str, tuple[str, str]]) -> None:
    """Whatever is set, and in whichever variable a secret has landed."""
    with pytest.raises(SettingsError) as told:
        load_settings({name: f"{head}s3cr3t{tail}" for name, (head, tail) in environ.items()})

    shown = f"{told.value!r} {told.value} {told.value.__cause__!r} {told.value.__context__!r}"
    assert "s3cr3t" not in shown


@example("postgresql://hookflash:secret@db.example.com:/hookflash")
@given(st.from_regex(r"(sqlite|postgres|postgresql)://[a-z@:/.%?=0-9]{0,20}", fullmatch=True))
def test_a_database_url_that_is_accepted_can_be_opened(url: str) -> None:
    try:
        accepted = read_database_url({"DATABASE_URL": url})
    except SettingsError:
        return

    assert driver_url(accepted).get_backend_name() in {"sqlite", "postgresql"}


AUDIT_KEY = "ed25519-private:" + "A" * 43 + "="


def test_checkpoints_are_shown_where_the_settings_say() -> None:
    settings = load_settings(
        ENOUGH
        | {
            "HOOKFLASH_AUDIT_KEY": AUDIT_KEY,
            "HOOKFLASH_AUDIT_FILE": "/mnt/elsewhere/seen.jsonl",
            "HOOKFLASH_AUDIT_CHANNEL": "C0123456789",
        }
    )

    assert settings.audit_file == Path("/mnt/elsewhere/seen.jsonl")
    assert settings.audit_channel == "C0123456789"
    assert AUDIT_KEY in settings.secrets


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("HOOKFLASH_AUDIT_KEY", AUDIT_KEY[:-8], "is no private key"),
        ("HOOKFLASH_AUDIT_KEY", "ed25519-public:" + "A" * 43 + "=", "the private one is needed"),
        ("HOOKFLASH_AUDIT_CHANNEL", "#audit", "names a channel; use its id"),
        ("HOOKFLASH_AUDIT_CHANNEL", "U0123456789", "is no id of a channel"),
        ("HOOKFLASH_AUDIT_FILE", "/mnt/elsewhere/", "names a folder"),
    ],
)
def test_what_checkpoints_need_has_its_form(variable: str, value: str, problem: str) -> None:
    faults = faults_of(ENOUGH | {"HOOKFLASH_AUDIT_KEY": "audit.key", variable: value})

    assert problem in faults[variable]
    assert value not in faults[variable]


def test_a_witness_without_a_key_is_a_fault() -> None:
    faults = faults_of(ENOUGH | {"HOOKFLASH_AUDIT_CHANNEL": "C0123456789"})

    assert "HOOKFLASH_AUDIT_KEY is not" in faults["HOOKFLASH_AUDIT_CHANNEL"]
