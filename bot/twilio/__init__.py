"""The adapter that calls Twilio; nothing else does."""
