"""The store of metadata and the incident index: what an operator looks things up in, and what is deleted in time."""
