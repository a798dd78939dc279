"""The Chat Completions protocol of OpenAI: requests in, answers out, no I/O."""
