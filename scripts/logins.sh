#!/usr/bin/env bash
# The logins of worker and relay, each in the role that its work needs (migrations/0008_roles.sql). For docker-compose.yml: PostgreSQL's image runs it as the
# owner when its volume is made.
set -euo pipefail

psql -X -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
  -v worker_password="$POSTGRES_WORKER_PASSWORD" -v relay_password="$POSTGRES_RELAY_PASSWORD" << 'SQL'
CREATE ROLE notifier_worker NOLOGIN;
CREATE ROLE relay_node NOLOGIN;
CREATE ROLE worker LOGIN PASSWORD :'worker_password' IN ROLE notifier_worker;
CREATE ROLE relay LOGIN PASSWORD :'relay_password' IN ROLE relay_node;
SQL
