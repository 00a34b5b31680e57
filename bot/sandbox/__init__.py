"""Stand-ins for Slack and Twilio, and the page in the browser; shares nothing with the bot."""
