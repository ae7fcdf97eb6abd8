"""The site: figures, the builder of pages, the gate, and the statement of where it comes from."""
