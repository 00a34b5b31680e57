"""The pauses between tries to connect to Slack."""

from __future__ import annotations

from itertools import pairwise

from bot.slack.socket_mode import LONGEST_PAUSE_S, Backoff


def test_the_first_try_comes_at_once_and_the_pauses_grow_to_a_limit() -> None:
    backoff = Backoff()

    pauses_s = [backoff.next_s() for _ in range(20)]

    assert pauses_s[0] == 0
    assert 0.25 <= pauses_s[1] <= 0.5
    assert all(later <= max(1.0, 4 * earlier) for earlier, later in pairwise(pauses_s))
    assert all(LONGEST_PAUSE_S / 2 <= pause_s <= LONGEST_PAUSE_S for pause_s in pauses_s[9:])


def test_no_two_bots_come_back_at_the_same_moment() -> None:
    first, second = Backoff(), Backoff()

    assert [first.next_s() for _ in range(9)] != [second.next_s() for _ in range(9)]


def test_after_a_lasting_connection_it_starts_over() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next_s()

    backoff.start_over()

    assert backoff.next_s() == 0
