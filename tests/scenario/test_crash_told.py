"""A list that another process draws for one that was killed before it could."""

from __future__ import annotations

from sqlalchemy import text

from tests.fixtures_database import administration
from tests.scenario.company import ANA, SUPPORT
from tests.scenario.dying_bot import Step
from tests.scenario.processes import stage
from tests.scenario.reading import button_elements, shown
from tests.scenario.trouble import ON_POSTGRES, until

DYING = "tests.scenario.dying_bot"


@ON_POSTGRES
async def test_the_list_that_tells_of_a_hang_up_has_no_button_for_that_call_any_more(
    database_url: str,
) -> None:
    """The look that the replicas share is older than the hang-up, and lives long.

    What the killed one had learnt of the call's end was lost with it.
    """
    async with stage(database_url) as set_up:
        set_up.environ = {**set_up.environ, "HOOKFLASH_POLL_S": "300"}
        call, other = set_up.call_in_progress(), set_up.call_in_progress()
        dying = await set_up.start(DYING, Step.BEFORE_ANSWER, "SIGKILL")
        await set_up.slack.command(ANA, SUPPORT, "/calls")
        await until(lambda: len(set_up.results()) == 1)
        listed = set_up.results()[0]

        await set_up.slack.click(ANA, listed, text="Hang up", value=call.sid)
        await dying.ended()
        with administration(database_url) as connection:
            connection.execute(text("DELETE FROM live_endings"))
        await set_up.start(DYING, Step.NEVER, "SIGKILL")
        await until(lambda: "Twilio says completed" in shown(listed))

        values = " ".join(str(button["value"]) for button in button_elements(listed))
        assert call.sid not in values
        assert other.sid in values
