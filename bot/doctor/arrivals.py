"""What is known to have come in from Slack: asked of the Hookflash that runs, and of the log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from aiohttp import ClientError, ClientSession, ClientTimeout, hdrs
from prometheus_client.parser import text_string_to_metric_families

from bot.database import migrate
from bot.database.audit_reader import SqlAuditReader
from bot.database.engine import open_database
from bot.database.url import with_statement_timeout
from bot.doctor.database_checks import STATEMENT_TIMEOUT_MS
from bot.doctor.database_checks import TIMEOUT_S as DATABASE_TIMEOUT_S
from bot.domain.audit import MAIN_CHAIN, Surface
from bot.domain.errors import LogUnavailableError
from bot.settings import Settings
from bot.web.metrics import LAST_RECEIVED, SURFACE_LABEL

TIMEOUT_S = 8.0
# Only changes and refusals leave entries, so that these go back a while.
ENTRIES_LOOKED_AT = 10_000
_LOG = "the log"
# What the parser raises where the text is something else, such as a page.
_NOT_OURS = (LookupError, ValueError, OverflowError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one that was asked knows.

    Args:
        name: its name, as it stands within a sentence.
        last_at: when the newest request of each surface came in there.
        of_none: the sentence to say where it knows of none.
        is_running: whether it is a Hookflash that runs, and notes whatever comes in.
    """

    name: str
    last_at: Mapping[Surface, datetime]
    of_none: str
    is_running: bool = False


async def ask_witnesses(
    settings: Settings, session: ClientSession, *, is_log_well: bool
) -> list[Witness]:
    """What each of them knows. A log that is not well is left alone: its fault is told already."""
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    addresses = [own_address(settings.host, settings.port)]
    # Only the token opens the metrics to who comes from outside.
    if token and settings.public_url not in (None, *addresses):
        addresses.append(str(settings.public_url))
    has_replicas = migrate.sqlite_path(settings.database_url.get_secret_value()) is None
    return await asyncio.gather(
        *(ask_running(session, one, token=token, has_replicas=has_replicas) for one in addresses),
        _ask_log(settings.database_url.get_secret_value(), is_well=is_log_well),
    )


def own_address(host: str, port: int) -> str:
    """Where this machine reaches what listens on *host*, an address or a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - of IP
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def ask_running(
    session: ClientSession, address: str, *, token: str | None, has_replicas: bool
) -> Witness:
    """What the metrics of the Hookflash at this address tell, if there is one."""
    headers = {hdrs.AUTHORIZATION: f"Bearer {token}"} if token else {}
    name = f"the Hookflash at {address}"
    try:
        async with session.get(
            f"{address}/metrics",
            headers=headers,
            timeout=ClientTimeout(total=TIMEOUT_S),
            allow_redirects=False,
        ) as answer:
            status, told = answer.status, await answer.text()
    except (ClientError, TimeoutError, ValueError):
        of_none = f"No Hookflash answers at {address}."
        return Witness(name=name, last_at={}, of_none=of_none)
    last_at = _read_metrics(told)
    if last_at is None:
        of_none = f"What answers at {address}/metrics does not tell (HTTP {status})."
        return Witness(name=name, last_at={}, of_none=of_none)
    others = " Other replicas may have." if has_replicas else ""
    of_none = f"The Hookflash at {address} has had none since its start.{others}"
    return Witness(name=name, last_at=last_at, of_none=of_none, is_running=True)


def _read_metrics(told: str) -> Mapping[Surface, datetime] | None:
    """When the newest of each surface came; None where these are not the metrics of Hookflash."""
    try:
        for family in text_string_to_metric_families(told):
            if family.name == LAST_RECEIVED:
                return {
                    Surface(sample.labels[SURFACE_LABEL]): datetime.fromtimestamp(sample.value, UTC)
                    for sample in family.samples
                }
    except _NOT_OURS:
        pass
    return None


async def _ask_log(database_url: str, *, is_well: bool) -> Witness:
    """What the newest entries tell."""
    last_at: Mapping[Surface, datetime] = {}
    path = migrate.sqlite_path(database_url)
    if not is_well:
        of_none = "The log was not asked, since something is wrong with it."
    elif path is not None and not path.exists():
        of_none = "There is no log yet."
    else:
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                last_at, of_none = await _read_log(database_url)
        except (LogUnavailableError, TimeoutError):
            of_none = "The log did not answer."
    return Witness(name=_LOG, last_at=last_at, of_none=of_none)


async def _read_log(database_url: str) -> tuple[Mapping[Surface, datetime], str]:
    database = open_database(with_statement_timeout(database_url, timeout_ms=STATEMENT_TIMEOUT_MS))
    try:
        log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
        length = (await log.head()).seq
        last_at = await log.last_of_surfaces(after_seq=length - ENTRIES_LOOKED_AT)
    finally:
        await database.close()
    if length > ENTRIES_LOOKED_AT:
        return last_at, f"The last {ENTRIES_LOOKED_AT:,} entries of the log tell of none."
    return last_at, "The log tells of none."
