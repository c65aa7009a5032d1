"""The catalogue: the registry as static pages that can be read from a disk, without a server and without a network."""
