"""Tells the open pages which of their parts have changed."""

import asyncio
from collections.abc import AsyncIterator, Iterable

COALESCED_WITHIN_S = 0.02
HEARTBEAT_S = 15.0


class Changes:
    """Everybody who looks at the page, and what each has not been told yet."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()
        self._is_over = False

    def tell(self, parts: Iterable[str]) -> None:
        """These parts of the page may look different now."""
        news = frozenset(parts)
        for watcher in self._watchers:
            watcher.news |= news
            watcher.has_news.set()

    def end(self) -> None:
        """Lets every `watch` end."""
        self._is_over = True
        for watcher in self._watchers:
            watcher.has_news.set()

    async def watch(self) -> AsyncIterator[frozenset[str]]:
        """The parts that changed, again and again; an empty set when it has been quiet for long."""
        watcher = _Watcher()
        self._watchers.add(watcher)
        try:
            while not self._is_over:
                news = await watcher.next_news()
                if not self._is_over:
                    yield news
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    """One open page."""

    def __init__(self) -> None:
        self.news: frozenset[str] = frozenset()
        self.has_news = asyncio.Event()

    async def next_news(self) -> frozenset[str]:
        try:
            await asyncio.wait_for(self.has_news.wait(), HEARTBEAT_S)
        except TimeoutError:
            return frozenset()
        # A click changes many things at once; the page is told of them once.
        await asyncio.sleep(COALESCED_WITHIN_S)
        news, self.news = self.news, frozenset()
        self.has_news.clear()
        return news
