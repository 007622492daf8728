"""Circuit text to impedance: elements, parser, evaluation, model cards."""
