"""Every setting that Hookflash takes from the environment: its name, form, default and meaning."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from bot.domain.people import EVERY_FULL_MEMBER, RoleLists
from bot.settings import shapes

_HEX_EXAMPLE = "0123456789abcdef0123456789abcdef"
_USERS_EXAMPLE = "U0123456789,U9876543210"


class EnvironmentModel(BaseModel):
    """Settings of some kind; a field's alias is the variable's name."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class DatabaseSettings(EnvironmentModel):
    """What the commands need that work on the log alone."""

    database_url: Annotated[SecretStr, BeforeValidator(shapes.database_url)] = Field(
        default=SecretStr("sqlite:///hookflash.db"),
        alias="DATABASE_URL",
        description="Where the log is kept: a SQLite file, or PostgreSQL.",
        examples=["postgresql://hookflash:secret@db.example.com/hookflash"],
    )


class AuditSettings(DatabaseSettings):
    """What the commands need that sign checkpoints of the log."""

    audit_key: Annotated[SecretStr | None, BeforeValidator(shapes.audit_key)] = Field(
        default=None,
        alias="HOOKFLASH_AUDIT_KEY",
        description="Private key that signs checkpoints of the log, or the file that holds it.",
        examples=["/etc/hookflash/audit.key"],
    )
    audit_file: Annotated[Path | None, BeforeValidator(shapes.audit_file)] = Field(
        default=None,
        alias="HOOKFLASH_AUDIT_FILE",
        description="File that every checkpoint is appended to; best on another machine's disk.",
        examples=["/mnt/elsewhere/checkpoints.jsonl"],
    )
    audit_channel: Annotated[str | None, BeforeValidator(shapes.audit_channel)] = Field(
        default=None,
        alias="HOOKFLASH_AUDIT_CHANNEL",
        description="Id of the Slack channel that every checkpoint is posted to.",
        examples=["C0123456789"],
    )


class SlackAppSettings(EnvironmentModel):
    """What goes into the manifest of the Slack app."""

    command: Annotated[str, BeforeValidator(shapes.command_name)] = Field(
        default="/calls",
        alias="HOOKFLASH_COMMAND",
        description="Name of the slash command, as the Slack app has it.",
        examples=["/phone-calls"],
    )
    public_url: Annotated[str | None, BeforeValidator(shapes.web_url)] = Field(
        default=None,
        alias="HOOKFLASH_PUBLIC_URL",
        description="Address at which Slack reaches this server; it goes into the manifest.",
        examples=["https://hookflash.example.com"],
    )


class Settings(SlackAppSettings, AuditSettings):
    """All that the server needs."""

    slack_bot_token: Annotated[SecretStr, BeforeValidator(shapes.bot_token)] = Field(
        alias="SLACK_BOT_TOKEN",
        description="Bot token of the Slack app, from its page OAuth & Permissions.",
        examples=["xoxb-your-bot-token"],
    )
    slack_signing_secret: Annotated[SecretStr | None, BeforeValidator(shapes.secret)] = Field(
        default=None,
        alias="SLACK_SIGNING_SECRET",
        description="Signing secret of the Slack app, from its page Basic Information; for HTTP.",
        examples=[_HEX_EXAMPLE],
    )
    slack_app_token: Annotated[SecretStr | None, BeforeValidator(shapes.app_token)] = Field(
        default=None,
        alias="SLACK_APP_TOKEN",
        description="App-level token with connections:write; set, Socket Mode takes HTTP's place.",
        examples=["xapp-1-your-app-level-token"],
    )
    slack_api_url: Annotated[str, BeforeValidator(shapes.slack_api_url)] = Field(
        default="https://slack.com/api/",
        alias="SLACK_API_URL",
        description="Base of Slack's Web API; change it for a stand-in only.",
        examples=["http://127.0.0.1:4001/api/"],
    )
    twilio_account_sid: Annotated[str, BeforeValidator(shapes.account_sid)] = Field(
        alias="TWILIO_ACCOUNT_SID",
        description="The Twilio account whose calls are controlled.",
        examples=["AC" + _HEX_EXAMPLE],
    )
    twilio_auth_token: Annotated[SecretStr | None, BeforeValidator(shapes.secret)] = Field(
        default=None,
        alias="TWILIO_AUTH_TOKEN",
        description="Auth token of the account; or set TWILIO_API_KEY and TWILIO_API_SECRET.",
        examples=[_HEX_EXAMPLE],
    )
    twilio_api_key: Annotated[str | None, BeforeValidator(shapes.api_key_sid)] = Field(
        default=None,
        alias="TWILIO_API_KEY",
        description="SID of an API key of the account, instead of TWILIO_AUTH_TOKEN.",
        examples=["SK" + _HEX_EXAMPLE],
    )
    twilio_api_secret: Annotated[SecretStr | None, BeforeValidator(shapes.secret)] = Field(
        default=None,
        alias="TWILIO_API_SECRET",
        description="Secret of that API key.",
        examples=["AbCdEfGhIjKlMnOpQrStUvWxYz012345"],
    )
    twilio_region: Annotated[str | None, BeforeValidator(shapes.twilio_region)] = Field(
        default=None,
        alias="TWILIO_REGION",
        description="Twilio Region whose calls are controlled; Twilio's default is us1.",
        examples=["ie1"],
    )
    twilio_edge: Annotated[str | None, BeforeValidator(shapes.twilio_edge)] = Field(
        default=None,
        alias="TWILIO_EDGE",
        description="Twilio edge location through which its API is reached; default the Region's.",
        examples=["dublin"],
    )
    twilio_api_url: Annotated[str | None, BeforeValidator(shapes.web_url)] = Field(
        default=None,
        alias="TWILIO_API_URL",
        description="Base of a server that speaks Twilio's API, such as a stand-in.",
        examples=["http://127.0.0.1:4002"],
    )
    host: Annotated[str, BeforeValidator(shapes.bind_host)] = Field(
        default="127.0.0.1",
        alias="HOST",
        description="Address to listen on; on Heroku the default is 0.0.0.0.",
        examples=["0.0.0.0"],  # noqa: S104 - an example for hosts behind a router
    )
    port: Annotated[int, BeforeValidator(shapes.port)] = Field(
        default=3000,
        alias="PORT",
        description="TCP port to listen on.",
        examples=["3000"],
    )
    log_level: Annotated[str, BeforeValidator(shapes.log_level)] = Field(
        default="INFO",
        alias="LOG_LEVEL",
        description="DEBUG, INFO, WARNING, ERROR or CRITICAL.",
        examples=["DEBUG"],
    )
    log_format: Annotated[str, BeforeValidator(shapes.log_format)] = Field(
        default="console",
        alias="LOG_FORMAT",
        description="console for people, json for machines; both go to standard error.",
        examples=["json"],
    )
    admins: Annotated[frozenset[str], BeforeValidator(shapes.user_ids)] = Field(
        default=frozenset(),
        alias="HOOKFLASH_ADMINS",
        description="Slack member ids of those who may do everything, freeze included.",
        examples=["U0123456789"],
    )
    operators: Annotated[frozenset[str], BeforeValidator(shapes.user_ids)] = Field(
        default=frozenset(),
        alias="HOOKFLASH_OPERATORS",
        description="Slack member ids of those who may redirect and hang up calls.",
        examples=[_USERS_EXAMPLE],
    )
    viewers: Annotated[frozenset[str], BeforeValidator(shapes.user_ids)] = Field(
        default=frozenset({EVERY_FULL_MEMBER}),
        alias="HOOKFLASH_VIEWERS",
        description="Slack member ids of those who may look; * is every full member, no guest.",
        examples=[_USERS_EXAMPLE],
    )
    redirect_hosts: Annotated[frozenset[str], BeforeValidator(shapes.redirect_hosts)] = Field(
        default=frozenset(),
        alias="HOOKFLASH_REDIRECT_HOSTS",
        description="Hosts to which operators may redirect by URL; * is any public one.",
        examples=["voice.example.com,*.example.org"],
    )
    dial_prefixes: Annotated[frozenset[str], BeforeValidator(shapes.dial_prefixes)] = Field(
        default=frozenset(),
        alias="HOOKFLASH_DIAL_PREFIXES",
        description="Beginnings of the numbers that inline TwiML may dial; * is any.",
        examples=["+1415,+44"],
    )
    poll_s: Annotated[float, BeforeValidator(shapes.poll_interval_s)] = Field(
        default=5.0,
        alias="HOOKFLASH_POLL_S",
        description="Seconds between two looks at Twilio while somebody is looking.",
        examples=["5"],
    )
    metrics_token: Annotated[SecretStr | None, BeforeValidator(shapes.bearer_token)] = Field(
        default=None,
        alias="HOOKFLASH_METRICS_TOKEN",
        description="Bearer token for /metrics; without it only this machine may read them.",
        examples=["a-long-random-text"],
    )

    redact_after: Annotated[timedelta | None, BeforeValidator(shapes.age)] = Field(
        default=None,
        alias="HOOKFLASH_REDACT_AFTER",
        description="Age at which entries lose numbers, names, reasons and targets; default never.",
        examples=["180d"],
    )

    @property
    def role_lists(self) -> RoleLists:
        """Who holds which role."""
        return RoleLists(viewers=self.viewers, operators=self.operators, admins=self.admins)

    @property
    def twilio_credentials(self) -> tuple[str, str]:
        """User and password for Twilio's API: the API key's if there is one, else the account's."""
        if self.twilio_api_key and self.twilio_api_secret:
            return self.twilio_api_key, self.twilio_api_secret.get_secret_value()
        token = self.twilio_auth_token
        return self.twilio_account_sid, token.get_secret_value() if token else ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret in clear, for the logs to leave out."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
