"""Forms in which operators edit carriers."""
