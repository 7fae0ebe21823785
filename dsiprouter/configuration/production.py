"""The requirements of production, checked before anything starts and reported all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

# Per secret: its minimum length in characters, and how to make one.
SECRETS = {
    "DSIPROUTER_SECRET_KEY": (50, "openssl rand -base64 48"),
    "DSIPROUTER_RPC_TOKEN": (32, "openssl rand -hex 32"),
    "DSIPROUTER_CREDENTIAL_KEYS": (44, "openssl rand -base64 32 | tr '+/' '-_'"),
}
OWN_MACHINE = ("unix:", "127.", "localhost:", "[::1]:")  # beginnings of DSIPROUTER_WEB_BIND


class UnfitForProduction(ImproperlyConfigured):
    """Settings do not meet the requirements of DSIPROUTER_PRODUCTION. ``str()`` has a line with a remedy for each."""


def require_production_settings(
    environment: Mapping[str, str], *, debug: bool, allowed_hosts: Sequence[str], databases: Mapping[str, Any]
) -> None:
    """Raise ``UnfitForProduction`` unless the settings are fit for production."""
    problems = [
        *_secret_problems(environment),
        *_host_problems(allowed_hosts, given="DSIPROUTER_ALLOWED_HOSTS" in environment),
        *_proxy_problems(environment),
        *_database_problems(databases),
    ]
    if debug:
        problems.append("DSIPROUTER_DEBUG is on, which shows stack traces with values to everybody: leave it out.")
    if problems:
        raise UnfitForProduction(
            "DSIPROUTER_PRODUCTION is on, and this must be put right first:\n" + "\n".join(problems)
        )


def _secret_problems(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each secret that is missing or weak. No sentence quotes a secret."""
    problems = []
    for name, (length, command) in SECRETS.items():
        value = environment.get(name, "")
        advice = f"make one with “{command}”, and give the same to every process of this site."
        if not value:
            problems.append(f"{name} is not set: {advice}")
        elif len(value) < length or len(set(value)) < 8:
            problems.append(f"{name} is too easy to guess, it needs {length} random characters: {advice}")
        elif name == "DSIPROUTER_CREDENTIAL_KEYS" and not all(map(is_fernet_key, value.split(","))):
            problems.append(f"{name} has something that is no Fernet key: {advice}")
    return problems


def is_fernet_key(key: str) -> bool:
    """Return whether a text is a key for the encryption of passwords."""
    try:
        Fernet(key.strip())
    except ValueError:
        return False
    return True


def _host_problems(allowed_hosts: Sequence[str], *, given: bool) -> list[str]:
    if not given or not allowed_hosts:
        return ["DSIPROUTER_ALLOWED_HOSTS is not set: give it the host names that the site is reached by."]
    if "*" in allowed_hosts:
        return ["DSIPROUTER_ALLOWED_HOSTS has “*”, which lets anybody choose the links that we write: name the hosts."]
    return []


def _proxy_problems(environment: Mapping[str, str]) -> list[str]:
    """Require named proxies if the port is reachable from other machines."""
    bind = environment.get("DSIPROUTER_WEB_BIND", "")
    if not bind or bind.startswith(OWN_MACHINE) or environment.get("DSIPROUTER_TRUSTED_PROXIES"):
        return []
    reached = f"DSIPROUTER_WEB_BIND={bind} lets others reach the web server"
    advice = "give it the addresses of the proxies that end TLS."
    return [f"DSIPROUTER_TRUSTED_PROXIES is not set, and {reached}: {advice}"]


def _database_problems(databases: Mapping[str, Any]) -> list[str]:
    """Refuse SQLite: several web workers and Kamailio would wait for each other's locks, or fail."""
    variables = {"default": "DATABASE_URL", "kamailio": "KAMAILIO_DATABASE_URL"}
    return [
        f"{variables[alias]} does not name a MariaDB or MySQL database: give it one, mysql://user:password@host/name."
        for alias, database in databases.items()
        if database["ENGINE"] != "django.db.backends.mysql"
    ]
