"""What runs Taproom on a bare machine: own PostgreSQL, own Valkey, web, workers, sandbox.

Nothing here imports Django's settings, because the servers that they point to do not exist yet.
"""
