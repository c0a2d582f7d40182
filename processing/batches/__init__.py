"""Batches: many files, each a job of its own, below one job that stands for all of them."""
