"""Reading: what pages need on a narrow screen, in a title that wraps, and without a server."""
