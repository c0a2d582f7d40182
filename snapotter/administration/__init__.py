"""The administrators' home: Django's admin with our door in front, our look, and services behind."""
