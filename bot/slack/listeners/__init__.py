"""One module per feature: its command, its buttons and its modals together."""
