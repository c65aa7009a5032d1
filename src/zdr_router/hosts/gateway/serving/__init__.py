"""Runs the gateway: a server of its own, one process or several. It needs the extra `gateway`."""
