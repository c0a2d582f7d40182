"""Settings. What an operator may change is read from the environment; what cannot be wrong is written here.

The table of variables with their meaning is docs/configuration.md.
"""

from __future__ import annotations

import os
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from snapotter import __version__, directories, env, static_files
from snapotter.secret_key import load_or_create

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = __version__
_SHIP_STATIC = ("django", "django-htmx", "drf-spectacular-sidecar")

# --- where things are -------------------------------------------------------------------------------------
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "data")
FILES_STORAGE_PATH = env.path("FILES_STORAGE_PATH", DATA_DIR / "files")
WORKSPACE_PATH = env.path("WORKSPACE_PATH", DATA_DIR / "workspace")
STORAGE_MODE = env.choice("STORAGE_MODE", "local", ["local"])
SECRET_KEY = env.secret("SECRET_KEY") or load_or_create(DATA_DIR)

# --- the server -------------------------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")  # a bare start is for this machine alone; the container sets 0.0.0.0
PORT = env.integer("PORT", 1349, low=1, high=65535)
WORKERS = env.integer("WORKERS", 1, high=64)  # processes that carry the queue; elsewhere `manage.py worker`
WEB_WORKERS = env.integer("WEB_WORKERS", 0, high=64) or min(4, max(2, os.cpu_count() or 1))
TRUST_PROXY = env.boolean("TRUST_PROXY", False)
EXTERNAL_URL = env.text("EXTERNAL_URL")
LOG_LEVEL = env.choice("LOG_LEVEL", "info", ["fatal", "error", "warn", "info", "debug", "trace"])

# Other origins whose pages may call the API. Never with cookies: a page elsewhere brings a token of its own
CORS_ALLOWED_ORIGINS = env.origins("CORS_ORIGIN")
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *("accept", "authorization", "cache-control", "content-type", "if-none-match", "if-range"),
    *("last-event-id", "prefer", "range", "x-requested-with"),
]
CORS_EXPOSE_HEADERS = [
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Retry-After"),
    *("X-File-Results", "X-Job-Id", "X-Request-Id"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
]

DEBUG = False
ALLOWED_HOSTS = ["*"]  # self-hosted under any name; snapotter.hosts says which, where it matters
KNOWN_HOSTS = env.hosts("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = [EXTERNAL_URL.rstrip("/")] if EXTERNAL_URL else []
ROOT_URLCONF = "snapotter.urls"
ASGI_APPLICATION = "snapotter.asgi.application"
APPEND_SLASH = False
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

# --- who may come in --------------------------------------------------------------------------------------
AUTH_ENABLED = env.boolean("AUTH_ENABLED", True)
DEFAULT_USERNAME = env.text("DEFAULT_USERNAME", "admin")
DEFAULT_PASSWORD = env.secret("DEFAULT_PASSWORD", "admin")
SKIP_MUST_CHANGE_PASSWORD = env.boolean("SKIP_MUST_CHANGE_PASSWORD", False)
SESSION_DURATION_HOURS = env.integer("SESSION_DURATION_HOURS", 168, low=1, high=24 * 3650)
# Of an address, per minute: an office behind one address signs in, a guesser gets nowhere
LOGIN_ATTEMPT_LIMIT = env.integer("LOGIN_ATTEMPT_LIMIT", 30, high=100_000)
# Of a name: 120 guesses an hour, and whoever is shut out by somebody else's waits five minutes at most
LOGIN_THROTTLE_MAX_FAILURES = env.integer("LOGIN_THROTTLE_MAX_FAILURES", 10, high=1000)
LOGIN_THROTTLE_WINDOW_S = env.integer("LOGIN_THROTTLE_WINDOW_S", 300, low=1, high=24 * 3600)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["accounts.hashers.ScryptPasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "tools"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "snapotter-session"
SESSION_COOKIE_AGE = SESSION_DURATION_HOURS * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "snapotter-csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "snapotter.api.errors.csrf_failure"

# --- limits (0 means unlimited) ---------------------------------------------------------------------------
RATE_LIMIT_PER_MIN = env.integer("RATE_LIMIT_PER_MIN", 1000, high=10_000_000)
MAX_USERS = env.integer("MAX_USERS", 0)
MAX_UPLOAD_SIZE_MB = env.number("MAX_UPLOAD_SIZE_MB", 200)
MAX_BATCH_SIZE = env.integer("MAX_BATCH_SIZE", 200, high=100_000)
MAX_BATCH_UPLOAD_MB = env.number("MAX_BATCH_UPLOAD_MB", 2000)  # of all files of one request together
MAX_MEGAPIXELS = env.number("MAX_MEGAPIXELS", 120)
MAX_LOGO_SIZE_KB = env.number("MAX_LOGO_SIZE_KB", 500)
MAX_PIPELINE_STEPS = env.integer("MAX_PIPELINE_STEPS", 20, high=1000)
MAX_SVG_SIZE_MB = env.number("MAX_SVG_SIZE_MB", 10)
PROCESSING_TIMEOUT_S = env.number("PROCESSING_TIMEOUT_S", 300)
PROCESSING_MEMORY_MB = env.integer("PROCESSING_MEMORY_MB", 3072, low=256, high=2**20)
CONCURRENT_JOBS = env.integer("CONCURRENT_JOBS", 0, high=256) or max(2, (os.cpu_count() or 1) - 1)
# How long a process that runs a job may go unheard of before others take it for dead
JOB_LEASE_S = env.number("JOB_LEASE_S", 60, low=1, high=24 * 3600)
# Of one web process. Some may wait for runs, none of which holds a database connection meanwhile
REQUEST_THREADS = 128
SYNC_WAIT_MS = env.integer("SYNC_WAIT_MS", 8000, high=600_000)
MAX_STREAMS_PER_USER = env.integer("MAX_STREAMS_PER_USER", 100, high=100_000)  # of progress, in one process
# Of a stream of progress; at each is asked again whether its user is still let in
PROGRESS_HEARTBEAT_S = env.number("PROGRESS_HEARTBEAT_S", 20, low=0.1, high=3600)
FILE_MAX_AGE_HOURS = env.number("FILE_MAX_AGE_HOURS", 72, high=24 * 3650)
JOBS_RETENTION_DAYS = env.integer("JOBS_RETENTION_DAYS", 30, high=36_500)
CLEANUP_INTERVAL_MINUTES = env.integer("CLEANUP_INTERVAL_MINUTES", 60, low=1, high=7 * 24 * 60)
AUDIT_RETENTION_DAYS = env.integer("AUDIT_RETENTION_DAYS", 0, high=36_500)

# --- how it looks -----------------------------------------------------------------------------------------
APP_NAME = env.text("APP_NAME", "SnapOtter")
DEFAULT_THEME = env.choice("DEFAULT_THEME", "system", ["light", "dark", "system"])
LOCALES = {"en": "English"}  # the languages the pages are written in
DEFAULT_LOCALE = env.choice("DEFAULT_LOCALE", "en", list(LOCALES))
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "snapotter.formats"
USE_TZ = True
TIME_ZONE = "UTC"

INSTALLED_APPS = [
    "snapotter.administration.apps.AdministrationConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its widget templates: see FORM_RENDERER
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "procrastinate.contrib.django",
    "snapotter",
    "snapotter.runtime",
    "audit",
    "accounts",
    "library",
    "processing",
]

MIDDLEWARE = [
    "snapotter.api.middleware.SecurityHeadersMiddleware",
    "snapotter.api.middleware.KnownHostMiddleware",
    "snapotter.api.static.StaticFilesMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "audit.middleware.RequestContextMiddleware",
    "snapotter.api.rate_limit.RateLimitMiddleware",
    "snapotter.api.middleware.BodyLimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "snapotter.api.middleware.ExpectedErrorsMiddleware",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"  # a visitor has no session row

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
                "snapotter.context.site",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- database: a real server, or the embedded one from the data directory ----------------------------------
# The pool is per process, shared by its threads. The listener alone has a connection of its own.
# Who waits for the database is told so after ten seconds. Between its attempts to connect, the pool pauses
# twice as long each time: begun anew so often, it does not sleep for minutes when the database is back.
_POOL = {"min_size": 0, "max_size": 16, "timeout": 10, "reconnect_timeout": 10}
_configured: dict[str, Any] | None = env.database("DATABASE_URL")
DATABASES: dict[str, dict[str, Any]] = {
    "default": _configured
    or {"ENGINE": "snapotter.postgres", "NAME": "snapotter", "DATA_DIR": DATA_DIR / "postgres"}
}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = _POOL
DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps connections; a thread never does
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a restarted database costs no request, 0.1 ms each time
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- files ------------------------------------------------------------------------------------------------
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": FILES_STORAGE_PATH},
    },
    "workspace": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": WORKSPACE_PATH},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# One file system with the storage: storing an upload is a rename
FILE_UPLOAD_TEMP_DIR = directories.ensure("WORKSPACE_PATH", WORKSPACE_PATH / "uploads")
FILE_UPLOAD_PERMISSIONS = 0o600
# Always on disk: the header is inspected there and storing is a rename
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = (
    2 * 2**20
)  # form fields and JSON bodies; files are bounded by MAX_UPLOAD_SIZE_MB
# Before anybody looked at them: each is an open file. A batch says itself how many it takes
DATA_UPLOAD_MAX_NUMBER_FILES = max(100, 2 * MAX_BATCH_SIZE) if MAX_BATCH_SIZE else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_URL = f"static/{static_files.digest(BASE_DIR / 'static', *map(package_version, _SHIP_STATIC))}/"
WHITENOISE_USE_FINDERS = True

# --- REST -------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.CredentialAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.access.Access"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.rate_limit.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["snapotter.api.parsers.EmptyIsObjectJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "snapotter.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "snapotter.api.errors.exception_handler",
    "URL_FORMAT_OVERRIDE": None,  # `format` in a query is ours
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SnapOtter",
    "DESCRIPTION": "Image tools, jobs and a file library, on your own server.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/(auth|v1)",
    "POSTPROCESSING_HOOKS": ["snapotter.api.schema.add_tool_settings"],
}

# --- logging ----------------------------------------------------------------------------------------------
_LEVEL = {"fatal": "CRITICAL", "warn": "WARNING", "trace": "DEBUG"}.get(LOG_LEVEL, LOG_LEVEL.upper())
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _LEVEL},
    "loggers": {
        # 4xx answers are the caller's affair; they would drown what an operator must see
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
    },
}

# --- the queue --------------------------------------------------------------------------------------------
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # the tasks are in processing.worker, for workers alone

TEST_RUNNER = "django.test.runner.DiscoverRunner"
