"""Use cases, and the ports that the adapters fulfil."""
