"""Decides what `zdr demo` shows: real requests to real models on this machine, with nothing to sign up for."""
