"""The contract that a provider is held to: what a request must look like on the wire, and what answers must come to."""
