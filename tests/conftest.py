"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ("tests.fixtures_database",)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep pytest-alembic 0.13 from collecting this file, on which it breaks with pytest 9.2."""
    session.config.pluginmanager.unregister(name="pytest-alembic")
