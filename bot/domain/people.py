"""Who acts, and what each role may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

EVERY_FULL_MEMBER = "*"


class Role(IntEnum):
    """What a person may do; each role may do all that the one before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def title(self) -> str:
        """The role's name as people read it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in Slack: the team is the person's own, not the channel's."""

    team_id: str
    user_id: str
    name: str = field(default="", compare=False)


MACHINE = Actor(team_id="", user_id="", name="hookflash")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLists:
    """The people of each role, as the settings name them.

    `*` stands for every full member of the installing workspace, never for guests or for people of
    other workspaces.
    """

    viewers: frozenset[str] = frozenset({EVERY_FULL_MEMBER})
    operators: frozenset[str] = frozenset()
    admins: frozenset[str] = frozenset()

    def role_of(self, user_id: str, *, is_full_member: bool) -> Role:
        """The highest role that names the person; a full member is also named by `*`."""
        names = {user_id, EVERY_FULL_MEMBER} if is_full_member else {user_id}
        for role, listed in self._from_highest():
            if names & listed:
                return role
        return Role.NOBODY

    def depends_on_membership(self, user_id: str) -> bool:
        """Whether being a full member could raise the role of this person."""
        return self.role_of(user_id, is_full_member=True) is not self.role_of(
            user_id, is_full_member=False
        )

    def who_to_ask(self, needed: Role) -> tuple[str, ...]:
        """User ids of those who hold *needed* or the role that hands it out; admins first."""
        holders: Iterable[str] = self.admins or (
            self.operators if needed <= Role.OPERATOR else frozenset()
        )
        return tuple(sorted(set(holders) - {EVERY_FULL_MEMBER}))

    def _from_highest(self) -> tuple[tuple[Role, frozenset[str]], ...]:
        return (
            (Role.ADMIN, self.admins),
            (Role.OPERATOR, self.operators),
            (Role.VIEWER, self.viewers),
        )
