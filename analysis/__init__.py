"""Predictions and models -> numbers: scores, explanations, provenance and figures."""
