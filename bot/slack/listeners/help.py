"""Help: what this very person may run, one example each."""

from __future__ import annotations

from collections.abc import Sequence

from bot.application.rights import NEEDED_ROLE
from bot.domain.audit import Action
from bot.domain.people import Role
from bot.slack.desk import Desk
from bot.slack.features import Ack, CommandListener, Feature, Verb
from bot.slack.payloads import Command
from bot.slack.views.help import HelpRow, help_page


def help_listener(verbs: Sequence[Verb]) -> CommandListener:
    """The listener that explains these verbs."""

    async def show_help(ack: Ack, asked: Command, desk: Desk) -> None:
        """Show what the person may run; everybody may ask."""
        role = desk.rights.role_of(asked.asking.actor)
        view = help_page(
            help_rows(verbs, role),
            role=role,
            ask=desk.rights.who_to_ask(Role.ADMIN),
            place=desk.place,
        )
        actor = asked.asking.actor
        desk.answer(asked, desk.replies.to_asker(asked.origin, actor.user_id, view))
        await ack()

    return show_help


def help_rows(verbs: Sequence[Verb], role: Role) -> list[HelpRow]:
    """What this role may run."""
    return [
        HelpRow(
            usage=verb.usage,
            example=verb.example,
            description=verb.description,
            reads_log=verb.needs is Action.READ_AUDIT,
        )
        for verb in verbs
        if role >= NEEDED_ROLE[verb.needs]
    ]


def build_feature(features: Sequence[Feature]) -> Feature:
    """The help for all the other features."""
    verbs = [verb for feature in features for verb in feature.verbs]
    return Feature(
        verbs=(
            Verb(
                name="help",
                usage="help",
                example="help",
                description="What you may run",
                needs=Action.LIST,
                listener=help_listener(verbs),
                also=("?", "usage", "commands", "man"),
            ),
        )
    )
