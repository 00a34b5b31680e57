"""The adapter that speaks with Slack."""
