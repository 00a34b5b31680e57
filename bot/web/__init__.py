"""The HTTP server; what answers where is handed in."""
