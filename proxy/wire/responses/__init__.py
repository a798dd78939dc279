"""The Responses protocol of OpenAI, towards clients and providers; no I/O."""
