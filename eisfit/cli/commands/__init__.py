"""The commands and their options; what they do is in the modules that they import when they run."""
