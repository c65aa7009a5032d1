"""Checks in which a server of the kit's own stands in the provider's place. One module is one check."""
