"""Django's PostgreSQL backend on a server that the first process starts and the last one stops.

``server`` counts the users, ``cluster`` creates, starts and stops PostgreSQL, ``ownership`` decides who
runs it, ``base`` and ``client`` are the Django side. ``DATABASE_URL`` unset: this backend; set: Django's own.
"""
