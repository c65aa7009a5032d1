"""API keys: whose a request is, what its key may ask for, and how much of it."""
