"""The Responses protocol of OpenAI: requests in, answers out, no I/O."""
