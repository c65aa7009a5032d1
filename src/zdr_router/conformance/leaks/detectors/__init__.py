"""One detector is one module: a kind of place in which content may stay, and how to look there."""
