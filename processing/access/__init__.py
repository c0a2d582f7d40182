"""The access explainer: may somebody do something, and why or why not."""
