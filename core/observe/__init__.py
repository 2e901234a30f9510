"""How Taproom is watched: health, readiness, metrics, request ids, clean logs."""
