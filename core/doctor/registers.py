"""What the platform itself has looked at."""

from __future__ import annotations

from core.doctor import installation, place, rows, servers
from core.doctor.checks import register

register("secrets", installation.look_at_secrets)
register("addresses", installation.look_at_addresses)
register("guards", installation.look_at_guards)
register("database role", rows.look_at_role)
register("row-level security", rows.look_at_policies)
register("migrations", rows.look_at_migrations, seconds=15)
register("redis", servers.look_at_redis)
register("queues", servers.look_at_queues, seconds=10)
register("beat", servers.look_at_beat)
register("clock", servers.look_at_clock)
register("disk", place.look_at_disks)
register("backups", place.look_at_backups)
register("outgoing webhooks", rows.look_at_outgoing, for_tenants=True)
register("letters", rows.look_at_letters, for_tenants=True)
