#!/bin/sh
# Run by the database's container when it starts for the first time.
set -eu
sed "s/@WEB_PASSWORD@/$WEB_PASSWORD/; s/@KAMAILIO_PASSWORD@/$KAMAILIO_PASSWORD/; s/@HOST@/%/" /sql/users.sql |
  mariadb -u root -p"$MARIADB_ROOT_PASSWORD"
