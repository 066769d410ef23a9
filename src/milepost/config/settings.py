"""Django's settings, all of them derived from the checked environment."""

from typing import Any

import dj_database_url
from django.utils.csp import CSP

from milepost.config import environment, generics, languages

generics.take_parameters()

ENVIRONMENT = environment.read()
BASE_URL = ENVIRONMENT.base_url
DATABASE_PATIENCE = ENVIRONMENT.database_patience
CLAMD = ENVIRONMENT.clamd
SECURITY_CONTACTS = ENVIRONMENT.security_contacts
TIMESTAMP_URL = ENVIRONMENT.timestamp_url
TIMESTAMP_REST = ENVIRONMENT.timestamp_rest
WITNESSES = ENVIRONMENT.witnesses
WITNESSED_LOGS = ENVIRONMENT.witnessed_logs
INNER_NETWORKS = ENVIRONMENT.inner_networks  # to which organisations may have something sent
PKCS11_MODULE = ENVIRONMENT.pkcs11_module
PKCS11_PIN = ENVIRONMENT.pkcs11_pin
CSC_URL, CSC_TOKEN_URL = ENVIRONMENT.csc_url, ENVIRONMENT.csc_token_url
CSC_CLIENT_ID, CSC_CLIENT_SECRET, CSC_PIN = (
    ENVIRONMENT.csc_client_id,
    ENVIRONMENT.csc_client_secret,
    ENVIRONMENT.csc_pin,
)
QUOTAS = ENVIRONMENT.quotas
TRACES_URL = ENVIRONMENT.traces_url
MONITORING_TOKEN = ENVIRONMENT.monitoring_token
MONITORING_NETWORKS = ENVIRONMENT.monitoring_networks
JITSI_URL = ENVIRONMENT.jitsi_url
JITSI_APP_ID = ENVIRONMENT.jitsi_app_id
JITSI_APP_SECRET = ENVIRONMENT.jitsi_app_secret
BIGBLUEBUTTON_URL = ENVIRONMENT.bigbluebutton_url
BIGBLUEBUTTON_SECRET = ENVIRONMENT.bigbluebutton_secret

SECRET_KEY = ENVIRONMENT.secret_key
SECRET_KEY_FALLBACKS = ENVIRONMENT.earlier_secrets  # links, sessions and keys made under them still hold
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = [ENVIRONMENT.host, *(["localhost", "127.0.0.1", "[::1]"] if ENVIRONMENT.is_local else [])]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "milepost.people.views.everybody.stale_form"

INSTALLED_APPS = [
    "milepost.core",
    "milepost.journal",
    "milepost.design",
    "milepost.people",
    "milepost.audiences",
    "milepost.security",
    "milepost.notices",
    "milepost.anchors",
    "milepost.documents",
    "milepost.courses",
    "milepost.learning",
    "milepost.activities.page",
    "milepost.activities.video",
    "milepost.activities.quiz",
    "milepost.activities.acknowledgement",
    "milepost.classroom",
    "milepost.requirements",
    "milepost.credentials",
    "milepost.analytics",
    "milepost.evidence",
    "milepost.connections",
    "milepost.attestations",
    "milepost.declarations",
    "milepost.receipts",
    "allauth",  # before Django's, whose French says “courriel” where everybody else says “e-mail”
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "milepost.people.apps.DevicesConfig",  # allauth.usersessions
]

MIDDLEWARE = [
    "milepost.config.protection.ProtectionMiddleware",
    "milepost.config.monitoring.MonitoringMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "milepost.config.observing.ObservingMiddleware",
    "milepost.config.reading.ReadingMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "milepost.design.characters.CharactersMiddleware",
    "milepost.people.session_cookies.SignedSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "milepost.people.known_browsers.KnownBrowsersMiddleware",
    "milepost.security.watching.WatchingMiddleware",
    "milepost.people.access.OrganisationMiddleware",
    "milepost.people.uploads.UploadsMiddleware",
    "milepost.design.scanning.ScanningMiddleware",
    "milepost.design.refusals.RefusalMiddleware",
]

ROOT_URLCONF = "milepost.config.urls"
WSGI_APPLICATION = "milepost.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.User"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", ["milepost.design.loaders.Loader"])],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "milepost.design.context.shell",
                "milepost.people.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "milepost.design.templatetags.design",
                "milepost.design.templatetags.fields",
                "milepost.design.templatetags.rows",
                "milepost.design.templatetags.sentences",
            ],
        },
    }
]

DATABASES: dict[str, Any] = {"default": dj_database_url.parse(ENVIRONMENT.database_url, conn_max_age=600)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["ENGINE"] = "milepost.core.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue instead of failing half-way; every commit is on the disk before the screen says "saved".
        "transaction_mode": "IMMEDIATE",
        "timeout": ENVIRONMENT.database_patience,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; "
            "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON"
        ),
    }
else:
    DATABASES["default"] |= {"ENGINE": "milepost.core.postgresql", "CONN_HEALTH_CHECKS": True}

# It counts who tries to sign in, so all hosts have one. SQLite has one host, and a write into it waits for the disk.
CACHES: dict[str, Any] = {"default": {"BACKEND": "milepost.core.table_cache.TableCache"}}
if DATABASES["default"]["ENGINE"] == "milepost.core.sqlite":
    CACHES["default"] = {
        "BACKEND": "milepost.core.file_cache.FileCache",
        "LOCATION": ENVIRONMENT.data / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
QUEUE_URL = ENVIRONMENT.queue
TASKS = {
    "default": {"BACKEND": f"milepost.core.jobs.{'broker.BrokerBackend' if QUEUE_URL else 'backends.TableBackend'}"}
}

OUTBOX = None if ENVIRONMENT.mail else ENVIRONMENT.data / "outbox"
MAILERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "milepost.notices.channels.email.smtp.EmailBackend"
        if ENVIRONMENT.mail
        else "milepost.people.outbox.EmailBackend",
        "OPTIONS": ENVIRONMENT.mail or {"file_path": OUTBOX},
    }
}
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from

# --- Languages, zones -------------------------------------------------------------------------------------
LANGUAGES = languages.LANGUAGES
LANGUAGE_CODE = languages.SOURCE
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True  # in sentences; `design.loaders` keeps it out of attributes
FORMAT_MODULE_PATH = ["milepost.design.formats"]
TIME_ZONE = "UTC"

# --- Files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.data / "static"
STORAGES = {
    "default": ENVIRONMENT.files,
    "staticfiles": {"BACKEND": "milepost.design.storage.StaticStorage"},
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- Security ---------------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],  # Bootstrap draws its check marks and arrows from data: URLs
    "media-src": [CSP.SELF, "https:"],  # a video activity may name a URL
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = ENVIRONMENT.is_https
PREFIX_OF_HOST, PREFIX_BELOW = ("__Host-", "__Secure-") if ENVIRONMENT.is_https else ("", "")  # see core/cookies.py
SESSION_COOKIE_NAME = f"{PREFIX_OF_HOST}sessionid"
CSRF_COOKIE_NAME = f"{PREFIX_OF_HOST}csrftoken"
LANGUAGE_COOKIE_NAME = f"{PREFIX_OF_HOST}django_language"
MESSAGE_STORAGE = "milepost.design.messages.Storage"
SESSION_COOKIE_AGE = int(ENVIRONMENT.session[1].total_seconds())  # of the cookie; when a session ends is in its row
SECURE_HSTS_SECONDS = 60 * 60 * 24 * (730 if ENVIRONMENT.hsts == "preload" else 365) if ENVIRONMENT.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.hsts != "host"
SECURE_HSTS_PRELOAD = ENVIRONMENT.hsts == "preload"
if ENVIRONMENT.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Sign-in (django-allauth) -----------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["milepost.people.sessions.AccountBackend"]
SESSION_ENGINE = "milepost.people.sessions"
PASSWORD_HASHERS = [
    "milepost.people.passwords.Argon2id",
    # What earlier releases made; kept anew by the first at the next sign-in.
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "milepost.people.passwords.PasswordValidator"}]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "milepost.notices.sign_in_mails.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600  # seconds (ASVS 5.0, 6.5.5); that of signing in holds three minutes
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ENVIRONMENT.is_https else "http"
ACCOUNT_FORMS = {
    "request_login_code": "milepost.people.signing_in.RequestLoginCodeForm",
    "reset_password": "milepost.people.signing_in.ResetPasswordForm",
}
# Beside allauth's own rates by minute: what one account may be tried in a day, so that a code or password is not found by patience.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key,60/d/key",  # passwords, and the second factor
    "request_login_code": "20/m/ip,3/m/key,10/h/key,40/d/key",  # five tries at each
    "reset_password": "20/m/ip,5/m/key,20/d/key",
    "confirm_email": "1/10s/key,40/d/key",
    "reauthenticate": "10/m/user,60/d/user",
    "change_password": "5/m/user,60/d/user",
}
LIMITS_URL = ENVIRONMENT.limits_url
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
MFA_ADAPTER = "milepost.people.factors_at_rest.MFAAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Milepost"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = ENVIRONMENT.is_local
USERSESSIONS_TRACK_ACTIVITY = False

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"outages": {"()": "milepost.core.logs.OutageFilter"}},
    "formatters": {
        "json": {"()": "milepost.core.logs.JSONFormatter"},
        "text": {
            "()": "milepost.core.logs.TextFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": ENVIRONMENT.log, "filters": ["outages"]},
        "security": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"},
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    # A PDF that somebody changed and brings to /verify/ is no trouble of ours: pyHanko warns of it with a traceback.
    "loggers": {
        "django.server": {"level": "ERROR"},
        "pyhanko": {"level": "ERROR"},
        "milepost.events": {
            "handlers": ["security"],
            "level": "INFO" if ENVIRONMENT.security_log else "CRITICAL",
            "propagate": False,
        },
        "milepost.requests": {"level": "INFO" if ENVIRONMENT.log == "json" else "WARNING"},
    },
}
