"""Database URLs, as people and Heroku write them."""

from __future__ import annotations

import pytest

from bot.database.url import DatabaseUrlError, driver_url, is_sqlite


@pytest.mark.parametrize(
    ("given", "driver", "database"),
    [
        ("sqlite:///hookflash.db", "sqlite+pysqlite", "hookflash.db"),
        ("sqlite:////var/lib/hookflash.db", "sqlite+pysqlite", "/var/lib/hookflash.db"),
        ("postgresql://u:p@db.example.com:5432/calls", "postgresql+psycopg", "calls"),
        ("postgres://u:p@db.example.com/calls", "postgresql+psycopg", "calls"),
        (" postgresql:///calls?host=/run/postgresql ", "postgresql+psycopg", "calls"),
    ],
)
def test_plain_urls_get_their_driver(given: str, driver: str, database: str) -> None:
    url = driver_url(given)

    assert (url.drivername, url.database) == (driver, database)
    assert is_sqlite(url) == given.startswith("sqlite")


def test_options_and_hard_passwords_are_kept() -> None:
    url = driver_url("postgres://u:p%40ss%25@h/d?sslmode=require")

    assert url.query == {"sslmode": "require"}
    assert url.password == "p@ss%"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "is no URL"),
        ("hookflash.db", "is no URL"),
        ("postgresql://h:port/d", "is no URL"),
        ("mysql://h/d", "not mysql"),
        ("postgresql+asyncpg://h/d", "postgresql://, not postgresql+asyncpg://"),
        ("sqlite://", "outlive"),
        ("sqlite:///:memory:", "outlive"),
        ("sqlite:///x?mode=memory", "outlive"),
        ("sqlite://hookflash.db", "three slashes"),
    ],
)
def test_other_urls_are_refused_in_a_sentence(given: str, words: str) -> None:
    with pytest.raises(DatabaseUrlError, match=words.replace("+", r"\+")):
        driver_url(given)


def test_a_refusal_never_repeats_a_password() -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        driver_url("mysql://user:hunter2@h/d")

    assert "hunter2" not in str(refused.value)
