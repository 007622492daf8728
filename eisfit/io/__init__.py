"""Files to spectra: the format is found by content, signs are turned here and nowhere else."""
