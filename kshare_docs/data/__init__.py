"""Values: what the flow hands on. The standard library and msgspec only."""
