"""The database users of ``deploy/sql`` on a private MariaDB."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import MySQLdb

from tests.deploy.places import DEPLOY
from tests.mariadb import HOST, MariaDB

NOT_ALLOWED = (1044, 1142, 1227)  # for a database, a table, the whole server


@dataclass(frozen=True)
class Users:
    """The passwords of the site's and Kamailio's database user."""

    web: str = field(default_factory=lambda: secrets.token_hex(24))
    kamailio: str = field(default_factory=lambda: secrets.token_hex(24))

    def sql(self, name: str) -> str:
        """Return one of the files with its placeholders replaced."""
        text = (DEPLOY / "sql" / name).read_text(encoding="utf-8")
        for old, new in (("@WEB_PASSWORD@", self.web), ("@KAMAILIO_PASSWORD@", self.kamailio), ("@HOST@", HOST)):
            text = text.replace(old, new)
        return "\n".join(line for line in text.splitlines() if not line.startswith("--"))

    def web_url(self, server: MariaDB, database: str) -> str:
        return f"mysql://dsiprouter:{self.web}@{HOST}:{server.port}/{database}"

    def kamailio_url(self, server: MariaDB) -> str:
        return f"mysql://kamailio:{self.kamailio}@{HOST}:{server.port}/kamailio"

    def grant_kamailio(self, server: MariaDB) -> None:
        """Let Kamailio read its tables, once they exist."""
        server.execute(self.sql("kamailio.sql"))

    def refused(self, server: MariaDB, user: str, statement: str) -> bool:
        """Return whether a user may not do something."""
        password = self.web if user == "dsiprouter" else self.kamailio
        connection = MySQLdb.connect(host=HOST, port=server.port, user=user, password=password)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except MySQLdb.Error as error:
            return error.args[0] in NOT_ALLOWED
        finally:
            connection.close()
        return False


def database_users(server: MariaDB) -> Users:
    """Create the databases and their users as ``deploy/sql/users.sql`` does."""
    users = Users()
    server.execute(users.sql("users.sql"))
    return users
