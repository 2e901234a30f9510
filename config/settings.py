"""Settings, all of them from the environment; `docs/configuration.md` explains each variable."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from config.addresses import celery_broker_url, database
from config.logging import logging_config
from config.sentry import report_errors
from config.telemetry import report_traces
from core.api.about import ABOUT

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()

# --- the process -------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY")
# Fernet keys, newest first: the first one writes, all of them read.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS")
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
IS_HTTPS = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(PUBLIC_URL).hostname or "localhost"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# How many reverse proxies stand in front: that many entries of X-Forwarded-For can be believed.
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
SENTRY_DSN = env.str("SENTRY_DSN", "")
report_errors(SENTRY_DSN)
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
report_traces(OTEL_EXPORTER_OTLP_ENDPOINT)

# --- apps --------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "core",
    "payments",
    "subscriptions",
    "billing",
    "crm",
    "config.apps.TaproomAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "djstripe",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
]
AUTH_USER_MODEL = "core.User"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "core.observe.middleware.MeasureRequests",
    "core.api.middleware.ProblemsUnderApi",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.languages.SpeakToVisitors",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
# Slashes are optional by route, so that a POST without one is served, not redirected.
APPEND_SLASH = False

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

# --- data --------------------------------------------------------------------------------------
# `default` is the role that serves (no BYPASSRLS, owns nothing). `owner` is there only where
# migrations run; a web or worker process is not given its password.
DATABASES: dict[str, dict[str, Any]] = {
    "default": database(
        env.str("DATABASE_URL"), prepared=env.bool("DATABASE_PREPARED", default=True)
    )
}
if env.str("DATABASE_OWNER_URL", ""):
    DATABASES["owner"] = database(env.str("DATABASE_OWNER_URL"))
DATABASE_ROUTERS = ["core.routers.OwnerMigrates"]
# dj-stripe's own migrations take 100 s on an empty database; this one file makes the same tables.
MIGRATION_MODULES = {"djstripe": "payments.mirror_migrations"}

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
        "KEY_PREFIX": "taproom",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"

CELERY_BROKER_URL = celery_broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Money work never waits for redelivery (rows and sweepers carry it); this only bounds the rest.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # A publisher tries a dead broker once more and goes on; workers reconnect by themselves.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
}
# A web request must not hang on a dead broker: what it wanted to send is a row that beat sweeps.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
QUEUE_NAMES = ("default", "stripe", "webhooks", "mirror", "shop", "billing")
CELERY_TIMEZONE = "UTC"
CELERY_TASK_TIME_LIMIT = 300

# --- people ------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/today/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "core.accounts.StaffAccountAdapter"
# Failed passwords are counted by axes; this counts wrong codes of the second factor.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/key"}
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "core.accounts.StaffMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Taproom"
MFA_REQUIRED = env.bool("MFA_REQUIRED", False)
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "core.ratelimit.client_address"
AXES_USERNAME_CALLABLE = "core.accounts.login_name"
AXES_LOCKOUT_CALLABLE = "core.accounts.locked_out"
AXES_VERBOSE = False

# --- the API -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.api.authentication.BearerAuthentication",
        "core.api.authentication.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["core.api.filters.ListedFilters"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.TaproomSchema",
    "EXCEPTION_HANDLER": "core.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # `?format=` is no parameter of ours
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
API_RATE_PER_CREDENTIAL = env.str("API_RATE_PER_CREDENTIAL", "600/m")
API_RATE_PER_ADDRESS = env.str("API_RATE_PER_ADDRESS", "60/m")  # where nobody is known
SIMPLE_JWT = {
    # A key of its own: whoever learns how to sign a token cannot sign a session with it.
    "SIGNING_KEY": hashlib.sha256(f"taproom.jwt:{SECRET_KEY}".encode()).hexdigest(),
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": False,
    "ALGORITHM": "HS256",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Taproom API",
    "DESCRIPTION": ABOUT,
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # No validator: it would send the schema's address to an outside host.
    # Of 150 rows on, Swagger UI keeps only those in sight in the page: nothing else is found there.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None, "docExpansion": "none"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    # One set of choices under two names of fields.
    "ENUM_NAME_OVERRIDES": {
        "FeeStateEnum": "crm.queries.fees.FeeState",
        "InvoiceStateEnum": "billing.models.Invoice.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema.add_problem_answers",
    ],
}

# --- Stripe and the shop -----------------------------------------------------------------------
STRIPE_API_BASE = env.str("STRIPE_API_BASE", "https://api.stripe.com").rstrip("/")
# Where Stripe's hosted page lives: the only places a payment page's form may lead to.
CHECKOUT_ORIGINS = [
    *env.list("CHECKOUT_ORIGINS", default=["https://checkout.stripe.com"]),
    *([] if STRIPE_API_BASE == "https://api.stripe.com" else [STRIPE_API_BASE]),
]
STRIPE_LIVE_MODE = env.bool("STRIPE_LIVE_MODE", False)
FRAUD_RETENTION_DAYS = env.int("FRAUD_RETENTION_DAYS", 180)
# Stripe's published limits: 100/s live, 25/s in a sandbox, 25/s for each endpoint.
STRIPE_RATE_GLOBAL = env.int("STRIPE_RATE_GLOBAL", 100 if STRIPE_LIVE_MODE else 25)
STRIPE_RATE_PER_ENDPOINT = env.int("STRIPE_RATE_PER_ENDPOINT", 25)
# The part of the limit that invoices may use while nobody else wants it; customers go first.
STRIPE_BULK_SHARE = env.float("STRIPE_BULK_SHARE", 0.99)
# How many invoices of one tenant are pushed at once.
PUSH_PARALLEL = env.int("PUSH_PARALLEL", 8)
SHOP_URL = env.str("SHOP_URL", "").rstrip("/")
SHOP_TIMEOUT_SECONDS = env.float("SHOP_TIMEOUT_SECONDS", 10.0)
# Of the club runs of one tenant, all processes together: calls a second, and calls at once.
SHOP_RATE = env.float("SHOP_RATE", 20.0)
SHOP_PARALLEL = env.int("SHOP_PARALLEL", 4)
# Outgoing webhooks go to https and the public internet alone; a demo listens beside itself.
WEBHOOKS_TO_LOOPBACK = env.bool("WEBHOOKS_TO_LOOPBACK", False)
# How far back usage is taken. Late usage is billed late; what is older is refused in words.
USAGE_OLDEST_DAYS = env.int("USAGE_OLDEST_DAYS", 366)
# dj-stripe is a read-only mirror: keys lie in our own encrypted rows, so it gets a placeholder.
STRIPE_API_HOST = STRIPE_API_BASE
STRIPE_TEST_SECRET_KEY = "sk_test_" + "0" * 24
STRIPE_LIVE_SECRET_KEY = "sk_live_" + "0" * 24
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"

# --- security ----------------------------------------------------------------------------------
# No `unsafe-*`, no outside host. Pages that need more widen exactly that, in their own view.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
# A browser takes such a name only over TLS, for this host and all of its paths.
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
RATELIMIT_IP_META_KEY = "core.ratelimit.client_address"
SILENCED_SYSTEM_CHECKS = [
    "django_ratelimit.W001",  # Django's own Redis cache has atomic increments; the check is older
    "djstripe.W002",  # a base address of Stripe other than the real one is meant (the sandbox)
]

# --- language, time, files ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Public pages speak both; pages of staff and the API are English (core.languages).
LANGUAGES = [("en", "English"), ("nl", "Nederlands")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", str(VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without a collectstatic step (demo, tests) files are served from where they lie.
WHITENOISE_USE_FINDERS = env.bool("STATIC_FROM_SOURCE", DEBUG)
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))  # host, port and TLS as well
EMAIL_TIMEOUT = 15
# In the demo letters go to the sandbox, where one can read them; else by EMAIL_URL.
MAIL_INTAKE_URL = env.str("MAIL_INTAKE_URL", "")
if MAIL_INTAKE_URL:
    EMAIL_BACKEND = "core.mail_intake.EmailBackend"
# How long texts and addresses of letters, and announced webhooks, are kept.
KEEP_MESSAGES_DAYS = env.int("KEEP_MESSAGES_DAYS", 90)
DEFAULT_FROM_EMAIL = (
    env.str("DEFAULT_FROM_EMAIL", "") or f"taproom@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"
)

# --- logs --------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "json")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = logging_config(LOG_FORMAT, LOG_LEVEL)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # MeasureRequests lets only sane ones through
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
