"""Decides what an operator types: the `zdr` command and its subcommands."""
