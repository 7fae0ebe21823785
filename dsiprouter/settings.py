"""Django settings. Everything that differs between machines comes from the environment; .env.example lists it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key

from carriers.passwords.secret_files import HomeUnusable, secret_from_file
from dsiprouter.configuration.consistency import KAMAILIO_MODULE_NAMES, check_together, unknown_settings
from dsiprouter.configuration.environment import Environment
from dsiprouter.configuration.home import keep_files_closed, prepare_home
from dsiprouter.configuration.production import UnfitForProduction, is_fernet_key, require_production_settings

BASE_DIR = Path(__file__).resolve().parent.parent
keep_files_closed()

# A mistake in a setting is noted, and its default is used until all are read: DSIPROUTER_SLIPS, at the end.
env = Environment(BASE_DIR / ".env")

# --- The instance -----------------------------------------------------------------------------------------------------

# Production starts only with secrets and databases of its own, without DEBUG, and behind TLS: see configuration/.
DSIPROUTER_PRODUCTION = env.bool("DSIPROUTER_PRODUCTION", False)
try:
    DSIPROUTER_HOME = prepare_home(BASE_DIR / env.str("DSIPROUTER_HOME", "var"))
except HomeUnusable as unusable:
    env.note_slip("DSIPROUTER_HOME", f"{unusable}: name a folder that the user that runs this may write into.")
    DSIPROUTER_HOME = unusable.path
# The address for calls of carriers: one of the machine's, never 0.0.0.0 (kamailio_bridge.nodes.sip_address).
DSIPROUTER_SIP_ADDRESS = env.str("DSIPROUTER_SIP_ADDRESS", "127.0.0.1").strip().strip("[]")
DSIPROUTER_SIP_IPV6_ADDRESS = env.str("DSIPROUTER_SIP_IPV6_ADDRESS", "").strip().strip("[]")
DSIPROUTER_SIP_PORT = env.port("DSIPROUTER_SIP_PORT", 5060)
# The public address in front of that one, where a 1:1 NAT translates it, as in most clouds.
DSIPROUTER_SIP_ADVERTISE = env.str("DSIPROUTER_SIP_ADVERTISE", "").strip()
DSIPROUTER_SIP_ADVERTISE_PORT = env.port("DSIPROUTER_SIP_ADVERTISE_PORT", DSIPROUTER_SIP_PORT)
# SIP over TLS, off without a port. Certificate, key and CA are PEM files; without a certificate one is made.
DSIPROUTER_SIP_TLS_PORT = env.port("DSIPROUTER_SIP_TLS_PORT", 5061) if env.str("DSIPROUTER_SIP_TLS_PORT", "") else None
DSIPROUTER_TLS_CERTIFICATE = env.str("DSIPROUTER_TLS_CERTIFICATE", "").strip()
DSIPROUTER_TLS_KEY = env.str("DSIPROUTER_TLS_KEY", "").strip()
DSIPROUTER_TLS_CA = env.str("DSIPROUTER_TLS_CA", "").strip()
# Our own host names, as carriers know them: Kamailio answers OPTIONS to these, or without any to every name.
# Further SIP sockets with names, as Kamailio's environment has them: nodes/sockets/sip_sockets.py reads it.
DSIPROUTER_SIP_SOCKETS = env.str("DSIPROUTER_SIP_SOCKETS", "").strip()
DSIPROUTER_SIP_NAMES: list[str] = [name.strip() for name in env.list("DSIPROUTER_SIP_NAMES", default=[])]
DSIPROUTER_RPC_ADDRESS = env.str("DSIPROUTER_RPC_ADDRESS", "127.0.0.1")
DSIPROUTER_RPC_PORT = env.port("DSIPROUTER_RPC_PORT", 5062)
DSIPROUTER_WEB_PORT = env.port("DSIPROUTER_WEB_PORT", 8000)
DSIPROUTER_ADMIN_PASSWORD = env.str("DSIPROUTER_ADMIN_PASSWORD", "")

SECRET_KEY = env.str("DSIPROUTER_SECRET_KEY", "")
DSIPROUTER_RPC_TOKEN = env.str("DSIPROUTER_RPC_TOKEN", "")
if not DSIPROUTER_PRODUCTION:
    try:
        SECRET_KEY = SECRET_KEY or secret_from_file(DSIPROUTER_HOME / "secret_key")
        DSIPROUTER_RPC_TOKEN = DSIPROUTER_RPC_TOKEN or secret_from_file(DSIPROUTER_HOME / "rpc_token")
    except HomeUnusable as unusable:
        if not env.has_slip("DSIPROUTER_HOME"):
            env.note_slip("DSIPROUTER_HOME", f"{unusable}.")
# Carriers' passwords are encrypted with the first key; the others still decrypt. Without keys in the environment
# they come from the file, which is read again when it changes: a new key needs no restart.
DSIPROUTER_CREDENTIAL_KEYS: list[str] = env.list("DSIPROUTER_CREDENTIAL_KEYS", default=[])
if not DSIPROUTER_PRODUCTION and not all(map(is_fernet_key, DSIPROUTER_CREDENTIAL_KEYS)):
    env.note_slip(
        "DSIPROUTER_CREDENTIAL_KEYS",
        "contains something that is no Fernet key: remove it, or restore the keys from your backup. A new key comes"
        " from “openssl rand -base64 32 | tr '+/' '-_'”.",
    )
DSIPROUTER_CREDENTIAL_KEY_FILE = DSIPROUTER_HOME / "credential_key"
# The pipe of a Kamailio on this machine, used before its RPC port (kamailio_bridge.nodes.rpc_fifo). It may be absent.
DSIPROUTER_RPC_FIFO = BASE_DIR / env.str("DSIPROUTER_RPC_FIFO", str(DSIPROUTER_HOME / "kamailio" / "rpc_fifo"))
# The only folder from which nodes' tokens are read. Keep nothing else in it: its files can be sent to a node's URL.
DSIPROUTER_RPC_TOKEN_FOLDER = BASE_DIR / env.str("DSIPROUTER_RPC_TOKEN_FOLDER", str(DSIPROUTER_HOME / "rpc_tokens"))

# --- Kamailio ---------------------------------------------------------------------------------------------------------

# The Kamailio modules whose tables are written. A node reloads those that it has loaded.
KAMAILIO_MODULES: list[str] = env.some_of(
    "KAMAILIO_MODULES", default=list(KAMAILIO_MODULE_NAMES), known=KAMAILIO_MODULE_NAMES
)
# Added to every primary key and set id that we write, for a database shared with other tools.
KAMAILIO_ID_BASE = env.int("KAMAILIO_ID_BASE", 0, 0, 1_600_000_000)  # INT holds the sum with every key
# The number of revisions whose carriers and changed rows are kept, to view and to roll back to.
KAMAILIO_REVISIONS_KEPT = env.int("KAMAILIO_REVISIONS_KEPT", 100, 1)
# Time limit in seconds for a reload and its verification at the local node; entered nodes have their own.
KAMAILIO_RPC_TIMEOUT = env.float("KAMAILIO_RPC_TIMEOUT", 60.0, 1.0, 3600.0)
# Confirms that nodes may be at names and public addresses, although the token is sent there unencrypted, and that the
# local one may listen there, although RPC clients can read and change everything.
KAMAILIO_RPC_ANYWHERE = env.bool("KAMAILIO_RPC_ANYWHERE", False)

# --- Django -----------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DSIPROUTER_DEBUG", False)
ALLOWED_HOSTS: list[str] = env.list("DSIPROUTER_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("DSIPROUTER_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "dsiprouter.apps.DsiprouterAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "dsiprouter.apps.LoginsConfig",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "crispy_forms",
    "auditlog",
    "dsiprouter.apps.DsiprouterConfig",
    "carriers.history",
    "carriers",
    "kamailio_bridge",
]

MIDDLEWARE = [
    "dsiprouter.logins.proxies.trust_proxies_only",  # first: all others read headers of proxies
    "django.middleware.security.SecurityMiddleware",
    "dsiprouter.middleware.restrict_browser",
    "dsiprouter.middleware.explain_buttons",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "carriers.history.actor.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "dsiprouter.logins.sessions.record_use",
    "dsiprouter.logins.lost_posts.report_lost_post",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dsiprouter.logins.form.add_retry_after",
    "axes.middleware.AxesMiddleware",  # last: it turns a refused login into the page that explains
]

ROOT_URLCONF = "dsiprouter.urls"
WSGI_APPLICATION = "dsiprouter.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
FORM_RENDERER = "dsiprouter.admin_site.form_renderer.WidgetsByJinja2"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["admin_crispy"]
CRISPY_TEMPLATE_PACK = "admin_crispy"  # ours, in templates/admin_crispy: crispy forms in the admin's own look


def database(url_variable: str, file_name: str) -> dict[str, Any]:
    """Read one database from the environment; without it, a SQLite file in the home folder.

    SQLite runs in WAL mode, because Kamailio reads the file while we write it (docs/kamailio-facts.md#sqlite), and
    takes the write lock at the start of a transaction, so two writers wait for each other instead of failing
    halfway. MariaDB runs in strict mode, because otherwise it truncates long texts
    (docs/kamailio-facts.md#column-widths).
    """
    config: dict[str, Any] = dict(env.db_url(url_variable, default=f"sqlite:///{DSIPROUTER_HOME / file_name}"))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif config["ENGINE"] == "django.db.backends.mysql":
        config["OPTIONS"] = {
            "charset": "utf8mb4",
            "connect_timeout": 10,
            "isolation_level": "read committed",
            "init_command": "SET SESSION sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION'",
            **config.get("OPTIONS", {}),
        }
    config["CONN_MAX_AGE"] = 60
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {
    "default": database("DATABASE_URL", "dsiprouter.sqlite3"),
    "kamailio": database("KAMAILIO_DATABASE_URL", "kamailio.sqlite3"),
}
if DATABASES["default"]["NAME"] == DATABASES["kamailio"]["NAME"] and "sqlite3" in DATABASES["default"]["ENGINE"]:
    env.note_slip(
        "KAMAILIO_DATABASE_URL",
        "and DATABASE_URL name one SQLite file, which can't be written twice at a time: give Kamailio's tables a file"
        " of their own.",
    )
# In the memory of each process, for seconds: the number of pending changes and the answers of nodes for the metrics. A
# shared cache is not needed: the number is checked against the databases at each use, so all processes show the same.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DATABASE_ROUTERS = ["kamailio_bridge.routers.KamailioRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"  # not BIGINT: docs/kamailio-facts.md#column-types

# The history has our own model; django-auditlog notices saves and deletions.
AUDITLOG_LOGENTRY_MODEL = "history.HistoryEntry"
AUDITLOG_STORE_JSON_CHANGES = True  # JSON values, not Python's repr
MIGRATION_MODULES = {"auditlog": None}  # its own table is not used

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.time_zone("DSIPROUTER_TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DSIPROUTER_HOME / "static"
if not env.has_slip("DSIPROUTER_HOME"):
    STATIC_ROOT = prepare_home(STATIC_ROOT)  # whitenoise warns if it is missing
WHITENOISE_USE_FINDERS = True  # no collectstatic needed for a local start
# A group of 30 endpoints with sources and credential posts some 400 fields, one of a hundred endpoints 1,500.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

LOG_LEVEL = env.one_of("DSIPROUTER_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
# Neither reports nor logs have secrets of accounts, at any log level, in debug mode too.
DEFAULT_EXCEPTION_REPORTER_FILTER = "dsiprouter.failures.secrecy.ErrorReportFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "secrets": {"()": "dsiprouter.failures.secrecy.SqlLogFilter"},
        "known_failures": {"()": "dsiprouter.failures.error_pages.KnownFailureLogFilter"},
        "refusals": {"()": "dsiprouter.failures.refused_requests.RefusalLogFilter"},
    },
    "loggers": {
        "django.db.backends": {"filters": ["secrets"]},
        "django.request": {"filters": ["refusals", "known_failures"]},
        # Each login and each clean-up is a line at INFO; a lock-out is a warning.
        "axes": {"level": "WARNING"},
    },
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["refusals"]}},
    "root": {
        "handlers": ["console"],
        "level": LOG_LEVEL,
    },
}

# --- Security: docs/security.md says what each part is for and how it is tested ---------------------------------------

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"

# Logins are locked by client address, not by user name: otherwise anybody could lock out any user.
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # waiting as the page says is enough
AXES_CLIENT_IP_CALLABLE = "dsiprouter.logins.client_address.client_address"
AXES_LOCKOUT_TEMPLATE = "locked_out.html"
AXES_VERBOSE = False

# Prometheus sends it as a bearer token. Without one there are no metrics.
DSIPROUTER_METRICS_TOKEN = env.str("DSIPROUTER_METRICS_TOKEN", "")

# Off: a password is enough. On: every user needs a code, too (manage.py second_factor).
DSIPROUTER_SECOND_FACTOR = env.bool("DSIPROUTER_SECOND_FACTOR", False)
OTP_TOTP_ISSUER = "dSIPRouter"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# A session lasts a working day. Pages do not prolong it, which would write the session at each page.
SESSION_ENGINE = "dsiprouter.logins.sessions"
SESSION_COOKIE_AGE = env.int("DSIPROUTER_SESSION_HOURS", 12, 1, 8760) * 3600
# A session also ends after so many minutes without a page; 0 for never.
DSIPROUTER_IDLE_MINUTES = env.int("DSIPROUTER_IDLE_MINUTES", 60, 0, 525_600)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the form
CSRF_COOKIE_SAMESITE = "Lax"

# Proxies whose X-Forwarded-Proto and X-Real-IP are trusted. Clients of our Unix socket always are.
DSIPROUTER_TRUSTED_PROXIES = env.networks("DSIPROUTER_TRUSTED_PROXIES", ["127.0.0.0/8", "::1"])
# Behind a proxy that terminates TLS and overwrites X-Forwarded-Proto and X-Real-IP.
DSIPROUTER_TLS = DSIPROUTER_PRODUCTION or env.bool("DSIPROUTER_TLS", False)
if DSIPROUTER_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # requested without the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # With this prefix browsers accept them from this host only, not from others in the domain.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
# HSTS is for this host only: subdomains and preload lists are the domain owner's decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# No inline scripts or styles, nothing from other sites, no frames.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# --- Slips: a sentence for each, which begins with its variable. Only manage.py check starts with one -----------------

check_together(
    env,
    sip=(DSIPROUTER_SIP_ADDRESS, DSIPROUTER_SIP_PORT),
    rpc=(DSIPROUTER_RPC_ADDRESS, DSIPROUTER_RPC_PORT),
    web_port=DSIPROUTER_WEB_PORT,
)
DSIPROUTER_SLIPS: list[str] = env.slips
if DSIPROUTER_PRODUCTION:
    try:
        require_production_settings(env.values, debug=DEBUG, allowed_hosts=ALLOWED_HOSTS, databases=DATABASES)
    except UnfitForProduction as unfit:
        lines = str(unfit).splitlines()
        DSIPROUTER_SLIPS += [line for line in lines if not env.has_slip(line.partition(" ")[0])]
if DSIPROUTER_SLIPS:
    SECRET_KEY = SECRET_KEY or get_random_secret_key()  # for manage.py check, which looks for more
DSIPROUTER_UNKNOWN_SETTINGS: list[str] = unknown_settings(env)  # a sentence for each (dsiprouter.checks)
