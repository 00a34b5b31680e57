"""Pure builders of what Slack shows."""
