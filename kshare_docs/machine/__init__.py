"""The machine: what is there, and how steps run on it. The only folder that imports `docker`."""
