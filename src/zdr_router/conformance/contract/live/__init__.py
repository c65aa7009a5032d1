"""Checks that ask the provider itself, with fixed prompts of the kit's own. One module is one check."""
