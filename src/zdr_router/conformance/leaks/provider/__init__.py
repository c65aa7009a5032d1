"""A provider of the kit's own, in a process of its own: what it answers and keeps is in nobody else's memory."""
