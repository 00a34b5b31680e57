"""The page in the browser: what Slack shows, and beside it what the phone network does."""
