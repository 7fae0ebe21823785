"""Gunicorn in production: processes for the cores, threads for those who wait for Kamailio's nodes."""

import os

# A Unix socket: no other process of the machine can pose as nginx. Several machines: a private address.
bind = os.environ.get("DSIPROUTER_WEB_BIND", "unix:/run/dsiprouter/web.sock")
umask = 0o007  # the socket is for our group, nginx's
# Each thread keeps a connection to each database. On eight cores that makes 144, of MariaDB's usual 151.
workers = int(os.environ.get("DSIPROUTER_WEB_WORKERS", "") or (os.cpu_count() or 1) + 1)
worker_class = "gthread"
threads = 8  # of these, ask_all.PLACES and two more may wait for nodes; the others answer whatever nodes do
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a heartbeat there never waits for a disk

# A worker that sends no sign of life for this long is replaced. Threads may work longer: an apply waits for its nodes.
timeout = 60
graceful_timeout = 90  # a reload that was begun may end
keepalive = 75  # longer than nginx keeps its own

# Replace processes now and then, not all at once.
max_requests = 10_000
max_requests_jitter = 1_000

accesslog = None  # nginx has it
errorlog = "-"
capture_output = False
wsgi_app = "dsiprouter.wsgi:application"
