"""Forms of the bridge's own pages."""
