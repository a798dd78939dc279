"""The Messages protocol of Anthropic: requests in, answers out, no I/O."""
