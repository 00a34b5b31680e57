"""Writing checkpoints: when, and that every witness outside the database is shown them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.application.ports import CheckpointStore, CheckpointWitness, Clock, Signer
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN, Head
from bot.domain.checkpoints import Checkpoint, signed_bytes
from bot.domain.errors import LogUnavailableError, WitnessUnavailableError
from bot.domain.key_line import KeyLine, line_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a checkpoint is written, while there is something new to say.

    Args:
        every: after this time.
        every_entries: or after so many entries,
        at_least_apart: but not sooner than this after the one before, whichever replica wrote that.
        look_every_s: between two looks at whether one is due, and two tries with a witness.
        witness_timeout_s: for one witness to take it.
        last_timeout_s: the same for the last one, at shutdown.
    """

    every: timedelta = timedelta(hours=1)
    every_entries: int = 1000
    at_least_apart: timedelta = timedelta(minutes=1)
    look_every_s: float = 10.0
    witness_timeout_s: float = 20.0
    last_timeout_s: float = 3.0


DEFAULT_RHYTHM = Rhythm()


def signed_checkpoint(
    head: Head, *, signer: Signer, clock: Clock, next_key: str = ""
) -> Checkpoint:
    """The end of the chain, signed now; with *next_key* a succession."""
    unsigned = Checkpoint(
        chain_id=MAIN_CHAIN,
        seq=head.seq,
        hash=head.hash,
        signed_at=clock(),
        public_key=signer.public_key,
        next_public_key=next_key,
    )
    return replace(unsigned, signature=signer.sign(signed_bytes(unsigned)))


class Checkpointer:
    """Signs the end of the log now and then, keeps that, and shows it to the witnesses.

    Replicas go by what the database holds, so any of them writes and none writes twice, and what
    one that was killed has not shown the others show. One whose key was replaced writes none, since
    what it signs would not count. A witness is to have the newest checkpoint, which covers all
    before it, and the successions that lead to its key.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        is_signed: Callable[[Checkpoint], bool],
        head: Callable[[], Awaitable[Head]],
        head_at: Callable[[int], Awaitable[Head | None]],
        store: CheckpointStore,
        witnesses: Sequence[CheckpointWitness],
        held_outside: Callable[[], Awaitable[Sequence[Checkpoint]]],
        clock: Clock,
        rhythm: Rhythm = DEFAULT_RHYTHM,
    ) -> None:
        self._signer = signer
        self._is_signed = is_signed
        self._head = head
        self._head_at = head_at
        self._store = store
        self._witnesses = tuple(witnesses)
        self._held_outside = held_outside
        self._clock = clock
        self._rhythm = rhythm
        self._seen_by: dict[CheckpointWitness, Sequence[Checkpoint]] = {}
        self._failing: set[CheckpointWitness] = set()
        self._is_cut_off = False
        self._seen_end: Head | None = None
        self._newest: Checkpoint | None = None
        self._own: list[Checkpoint] = []
        self._line = KeyLine(keys=frozenset((signer.public_key,)))

    async def run(self) -> None:
        """Look whether a checkpoint is due, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._rhythm.look_every_s)

    async def look(self) -> None:
        """Write a checkpoint if it is time, and show what has not been seen."""
        await self._write_if(self._is_due)
        await self._show_all(timeout_s=self._rhythm.witness_timeout_s)

    async def write_last(self) -> None:
        """Write a checkpoint if there is anything new, and show it, before the process ends."""
        await self._write_if(_is_new)
        await self._show_all(timeout_s=self._rhythm.last_timeout_s)

    async def _write_if(self, is_wanted: Callable[[Head, Checkpoint | None], bool]) -> None:
        try:
            newest, head = await self._ends()
            if not self._line.successor and is_wanted(head, newest):
                await self._write(head, newest)
        except LogUnavailableError:
            _log.warning("no checkpoint could be written: the log does not answer")

    async def _ends(self) -> tuple[Checkpoint | None, Head]:
        """The newest checkpoint, and the head as it is after that was read."""
        newest = await self._store.newest()
        # A succession is the newest when it is kept.
        if newest != self._newest:
            successions = await self._store.successions()
            self._note_line(
                line_of(self._signer.public_key, successions, is_signed=self._is_signed)
            )
            self._newest = newest
        seen = await self._end_seen_before() if self._seen_end is None else self._seen_end
        head = await self._head()
        if newest is not None and newest.seq > head.seq:
            self._note_cut_off(head, newest)
        elif seen != EMPTY_HEAD:
            await self._compare_with(seen)
        self._seen_end = head
        return newest, head

    async def _end_seen_before(self) -> Head:
        """The end of the log as it was when it was last shown outside."""
        return self._line.furthest_end(await self._held_outside(), is_signed=self._is_signed)

    def _note_cut_off(self, head: Head, newest: Checkpoint) -> None:
        if not self._is_cut_off:
            self._is_cut_off = True
            _log.error(
                "the log ends before its newest checkpoint: run hookflash audit verify",
                extra={"ends_at": head.seq, "checkpoint_at": newest.seq},
            )

    async def _compare_with(self, seen: Head) -> None:
        """Say it where the entry that was the last one is not there any more, or is another.

        The checkpoints in the database do not tell: they were lost with what they were signed for.
        """
        if await self._head_at(seen.seq) != seen:
            _log.error(
                "the log has lost entries that it had, as where a standby took over without them: "
                "run hookflash audit verify with the checkpoints that the witnesses have",
                extra={"ended_at": seen.seq, "hash": seen.hash},
            )

    def _note_line(self, line: KeyLine) -> None:
        """Say it once where the own key was replaced."""
        if line.successor and not self._line.successor:
            _log.warning(
                "the key that signs checkpoints here was replaced: this process writes no more of "
                "them until it is started again with the new key",
                extra={"key": self._signer.public_key, "new_key": line.successor},
            )
        self._line = line

    def _is_due(self, head: Head, newest: Checkpoint | None) -> bool:
        if newest is None:
            return _is_new(head, newest)
        age = self._clock() - newest.signed_at
        # A clock that was set back must not keep checkpoints away until it has caught up.
        is_old = age >= self._rhythm.every or age < timedelta()
        is_far = head.seq - newest.seq >= self._rhythm.every_entries
        # A replica that did not know of its successor yet may have signed what does not count.
        is_void = newest.public_key in self._line.keys and not self._line.counts(newest)
        is_time = is_old or is_void or (is_far and age >= self._rhythm.at_least_apart)
        return is_time and _is_new(head, newest)

    async def _write(self, head: Head, newest: Checkpoint | None) -> None:
        checkpoint = signed_checkpoint(head, signer=self._signer, clock=self._clock)
        if not await self._store.add(checkpoint, after=newest):
            return  # another replica was first
        self._newest = checkpoint
        self._own = [*(one for one in self._own if one.seq > checkpoint.seq), checkpoint]
        if newest is not None and newest.public_key not in self._line.keys:
            _log.error(
                "the key that signs checkpoints was changed, and the old one did not name it: "
                "use hookflash audit key rotate"
            )

    def _to_be_seen(self) -> Sequence[Checkpoint]:
        """What every witness is to have of what the database holds, in order.

        What its owner might have put there is shown to none: it would discredit the rest.
        """
        wanted = list(self._line.successions)
        newest = self._newest
        # What the database has lost.
        wanted += [one for one in self._own if newest is None or one.seq > newest.seq]
        if newest is not None and self._line.counts(newest) and self._is_signed(newest):
            wanted.append(newest)
        return tuple(dict.fromkeys(wanted))

    async def _show_all(self, *, timeout_s: float) -> None:
        """Show each witness what it has not seen; none waits for another."""
        wanted = self._to_be_seen()
        await asyncio.gather(*(self._show(one, wanted, timeout_s) for one in self._witnesses))

    async def _show(
        self, witness: CheckpointWitness, wanted: Sequence[Checkpoint], timeout_s: float
    ) -> None:
        if self._seen_by.get(witness, ()) == wanted:
            return
        try:
            async with asyncio.timeout(timeout_s):
                is_seen = await witness.show(wanted)
        except (WitnessUnavailableError, LogUnavailableError, TimeoutError) as error:
            self._note_failure(witness, str(error) or f"no answer within {timeout_s:g} s")
            return
        if not is_seen:
            return
        self._seen_by[witness] = wanted
        if witness in self._failing:
            self._failing.discard(witness)
            _log.info("a witness takes checkpoints again", extra={"witness": witness.name})

    def _note_failure(self, witness: CheckpointWitness, reason: str) -> None:
        """Say it once, and again only after the witness has answered in between."""
        if witness not in self._failing:
            self._failing.add(witness)
            _log.error(
                "a checkpoint could not be shown outside the database; it is tried again",
                extra={"witness": witness.name, "reason": reason},
            )


def _is_new(head: Head, newest: Checkpoint | None) -> bool:
    """Whether there are entries that no checkpoint covers."""
    return head.seq > (newest.seq if newest else 0)
