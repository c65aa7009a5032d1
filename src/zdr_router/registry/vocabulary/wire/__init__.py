"""The request bodies of foreign wire formats, as the router sends them: members, blocks, tools, and what each one is.

Held against the types of the providers' own SDKs, which each table names with its version, and narrower than those: a
member that no request of ours needs is unknown here, so a codec that adds one is stopped by the guard.
"""
