"""Circuit fitting."""
