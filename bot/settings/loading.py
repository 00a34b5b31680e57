"""Reads the environment into settings and gathers every fault on the way."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bot.settings import shapes
from bot.settings.faults import Fault, SettingsError
from bot.settings.model import (
    AuditSettings,
    DatabaseSettings,
    EnvironmentModel,
    Settings,
    SlackAppSettings,
)
from bot.twilio.regions import EDGE_OF_REGION

_OURS = "HOOKFLASH_"
_FOR_THE_TESTS = "HOOKFLASH_TEST_"
_VENDORS = ("SLACK_", "TWILIO_")
_ON_HEROKU = "DYNO"
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - a dyno is reached through its router only

SettingsT = TypeVar("SettingsT", bound=EnvironmentModel)


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """All settings. An empty value counts as absent.

    Raises:
        SettingsError: with every fault there is, not just the first.
    """
    given = _given(environ)
    if _ON_HEROKU in given:
        given.setdefault("HOST", _EVERY_ADDRESS)
    return _load(Settings, given, [*_unknown_names(given), *_contradictions(given)])


def read_database_url(environ: Mapping[str, str] = os.environ) -> str:
    """`DATABASE_URL` or its default, for the commands that need neither Slack nor Twilio.

    Raises:
        SettingsError: it is malformed, or may not be used here.
    """
    settings = _load(DatabaseSettings, _given(environ))
    return settings.database_url.get_secret_value()


def read_audit_settings(environ: Mapping[str, str] = os.environ) -> AuditSettings:
    """What the commands need that sign checkpoints.

    Raises:
        SettingsError: with every fault there is.
    """
    return _load(AuditSettings, _given(environ))


def read_slack_app(environ: Mapping[str, str] = os.environ) -> SlackAppSettings:
    """What the manifest needs, for the command that prints it before there is any token.

    Raises:
        SettingsError: with every fault there is.
    """
    return _load(SlackAppSettings, _given(environ))


def variables(model: type[EnvironmentModel] = Settings) -> dict[str, FieldInfo]:
    """The variables that the settings are read from, each with its field."""
    return {field.alias: field for field in model.model_fields.values() if field.alias}


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    stripped = {name: value.strip() for name, value in environ.items()}
    return {name: value for name, value in stripped.items() if value}


def _load(
    model: type[SettingsT], given: Mapping[str, str], faults: Iterable[Fault] = ()
) -> SettingsT:
    found = list(faults)
    if issubclass(model, DatabaseSettings):
        found += _unsafe_database(given)
    try:
        settings = model.model_validate(given)
    except ValidationError as error:
        found += _malformed(model, error, given)
        settings = None
    if settings is None or found:
        # Raised out here, so that the vendor's error, which knows the values, does not come along.
        raise SettingsError(_in_order(found))
    return settings


def _in_order(faults: Iterable[Fault]) -> list[Fault]:
    order = list(variables())
    return sorted(
        faults, key=lambda fault: order.index(fault.variable) if fault.variable in order else -1
    )


def _malformed(
    model: type[EnvironmentModel], error: ValidationError, given: Mapping[str, str]
) -> Iterator[Fault]:
    fields = variables(model)
    for detail in error.errors(include_url=False, include_input=False):
        variable = str(detail["loc"][0])
        if detail["type"] == "missing":
            yield _unset(variable, _missing(variable, given, known=fields))
        elif _is_quoted(given[variable]):
            problem = "is in quotation marks; leave them away"
            yield Fault(variable, problem, _example(fields[variable]))
        else:
            problem = str(detail["ctx"]["error"])
            yield Fault(variable, problem, _example(fields[variable]))


def _missing(variable: str, given: Mapping[str, str], *, known: Iterable[str]) -> str:
    strangers = [name for name in given if name.startswith(_VENDORS) and name not in set(known)]
    close = get_close_matches(variable, strangers, n=1, cutoff=0.85)
    return f"is not set ({close[0]} is; was that meant?)" if close else "is not set"


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\"`"


def _unknown_names(given: Mapping[str, str]) -> Iterator[Fault]:
    known = [name for name in variables() if name.startswith(_OURS)]
    for name in sorted(given):
        if not name.startswith(_OURS) or name.startswith(_FOR_THE_TESTS) or name in known:
            continue
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        yield Fault(name, f"is no setting of Hookflash ({hint})")


def _contradictions(given: Mapping[str, str]) -> Iterator[Fault]:
    yield from _ways_into_slack(given)
    yield from _ways_into_twilio(given)
    yield from _unsigned_checkpoints(given)
    yield from _region_without_edge(given)
    if "TWILIO_API_URL" in given:
        for variable in ("TWILIO_REGION", "TWILIO_EDGE"):
            if variable in given:
                yield Fault(
                    variable, "has no meaning where TWILIO_API_URL is set; unset one of the two"
                )


def _ways_into_slack(given: Mapping[str, str]) -> Iterator[Fault]:
    variable = "SLACK_SIGNING_SECRET"
    if not {variable, "SLACK_APP_TOKEN"} & given.keys():
        problem = _missing(variable, given, known=variables())
        yield _unset(variable, f"{problem}; set it, or SLACK_APP_TOKEN for Socket Mode")


def _ways_into_twilio(given: Mapping[str, str]) -> Iterator[Fault]:
    has_token = "TWILIO_AUTH_TOKEN" in given
    half_of_key = {"TWILIO_API_KEY", "TWILIO_API_SECRET"} & given.keys()
    if has_token and half_of_key:
        yield Fault(
            "TWILIO_AUTH_TOKEN",
            "is set beside an API key (TWILIO_API_KEY, TWILIO_API_SECRET); unset one of the two",
        )
    elif half_of_key == {"TWILIO_API_KEY"}:
        yield _unset("TWILIO_API_SECRET", "is not set, but TWILIO_API_KEY is; they work together")
    elif half_of_key == {"TWILIO_API_SECRET"}:
        yield _unset("TWILIO_API_KEY", "is not set, but TWILIO_API_SECRET is; they work together")
    elif not has_token and not half_of_key:
        yield _unset(
            "TWILIO_AUTH_TOKEN", "is not set; set it, or TWILIO_API_KEY and TWILIO_API_SECRET"
        )


def _region_without_edge(given: Mapping[str, str]) -> Iterator[Fault]:
    region = given.get("TWILIO_REGION", "us1")
    has_edge = region in EDGE_OF_REGION or {"TWILIO_EDGE", "TWILIO_API_URL"} & given.keys()
    if has_edge or not shapes.REGION.fullmatch(region):
        return
    known = ", ".join(sorted(EDGE_OF_REGION))
    yield _unset(
        "TWILIO_EDGE", f"is not set, and TWILIO_REGION is none whose edge Hookflash knows ({known})"
    )


def _unsigned_checkpoints(given: Mapping[str, str]) -> Iterator[Fault]:
    if "HOOKFLASH_AUDIT_KEY" in given:
        return
    for variable in ("HOOKFLASH_AUDIT_FILE", "HOOKFLASH_AUDIT_CHANNEL"):
        if variable in given:
            yield Fault(
                variable,
                "is set, but HOOKFLASH_AUDIT_KEY is not, so there are no checkpoints to show there"
                " (hookflash audit key new makes a key)",
            )


def _unset(variable: str, problem: str) -> Fault:
    return Fault(variable, problem, _example(variables()[variable]), is_missing=True)


def _example(field: FieldInfo) -> str:
    return next(iter(field.examples or ()), "")


def _unsafe_database(given: Mapping[str, str]) -> Iterator[Fault]:
    url = given.get("DATABASE_URL", "sqlite:")
    if _ON_HEROKU in given and url.startswith("sqlite:"):
        yield Fault(
            "DATABASE_URL",
            "would keep the log in a file that Heroku throws away; add a PostgreSQL database"
            " (heroku addons:create heroku-postgresql)",
            "postgresql://user:password@host/database",
        )
