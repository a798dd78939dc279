"""The shells over the gateway and the one place that wires everything together."""
