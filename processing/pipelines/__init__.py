"""Pipelines: tools one after another, saved or run at once."""
