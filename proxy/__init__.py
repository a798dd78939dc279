"""The gateway: routes, streams and records requests; it knows no window."""
