"""What an operator may tell its customers about retention: what the facts and the policy support, and no more."""
