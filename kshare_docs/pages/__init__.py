"""Pages: text becomes a project. Runs where no Docker SDK is installed."""
