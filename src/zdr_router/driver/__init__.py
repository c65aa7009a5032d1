"""Drive: take a request along its walk, do the I/O that the walk asks for, and account for what happened."""
