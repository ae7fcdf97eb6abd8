"""Programs beside host steps: started by path, with nothing but the standard library."""
