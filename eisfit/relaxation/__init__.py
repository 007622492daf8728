"""Distribution of relaxation times."""
