"""Those who serve requests of others, over HTTP or MCP. They decide who may ask; the router decides everything else."""
