"""The adapter that keeps changes and the audit log, on SQLite and PostgreSQL."""
