"""What is measured on what: studies, data sets, protocols, tuning and training of the benchmark's cells."""
