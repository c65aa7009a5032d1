"""Read credentials, and make of them what a request carries: a signature, or a token."""
