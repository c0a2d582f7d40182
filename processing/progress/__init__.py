"""Streams of a job's progress: what they say (frames), and how they hear of it (stream)."""
