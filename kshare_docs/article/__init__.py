"""The article: what only this site needs, on top of what builds any."""
