"""Django's settings, all of them derived from the checked environment."""

from typing import Any

import dj_database_url
import django_stubs_ext
from django.utils.csp import CSP

from milepost.config import environment, languages

# Django's generic classes take their parameter at run time too: ModelForm[Organisation], UploadedFile[bytes].
django_stubs_ext.monkeypatch()

ENVIRONMENT = environment.read()
BASE_URL = ENVIRONMENT.base_url
DATABASE_PATIENCE = ENVIRONMENT.database_patience
TIMESTAMP_URL = ENVIRONMENT.timestamp_url
PKCS11_MODULE = ENVIRONMENT.pkcs11_module
PKCS11_PIN = ENVIRONMENT.pkcs11_pin
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
CSRF_FAILURE_VIEW = "milepost.design.views.stale_form"

INSTALLED_APPS = [
    "milepost.core",
    "milepost.journal",
    "milepost.design",
    "milepost.people",
    "milepost.notices",
    "milepost.documents",
    "milepost.courses",
    "milepost.learning",
    "milepost.activities.page",
    "milepost.activities.video",
    "milepost.activities.quiz",
    "milepost.activities.acknowledgement",
    "milepost.classroom",
    "milepost.credentials",
    "milepost.analytics",
    "milepost.evidence",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "milepost.config.monitoring.MonitoringMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "milepost.config.observing.ObservingMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "milepost.design.characters.CharactersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "milepost.people.access.OrganisationMiddleware",
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
                "django.templatetags.static",
                "milepost.design.templatetags.design",
            ],
        },
    }
]

DATABASES: dict[str, Any] = {"default": dj_database_url.parse(ENVIRONMENT.database_url, conn_max_age=600)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue instead of failing half-way; every commit is on the disk before the screen says "saved".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; "
            "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON"
        ),
    }
else:
    DATABASES["default"] |= {"ENGINE": "milepost.core.postgresql", "CONN_HEALTH_CHECKS": True}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": ENVIRONMENT.data / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
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
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if ENVIRONMENT.is_https else 0
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
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "milepost.notices.sign_in_mails.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
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
LIMITS_URL = ENVIRONMENT.limits_url
TRUSTED_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
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
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": ENVIRONMENT.log, "filters": ["outages"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # A PDF that somebody changed and brings to /verify/ is no trouble of ours: pyHanko warns of it with a traceback.
    "loggers": {
        "django.server": {"level": "ERROR"},
        "pyhanko": {"level": "ERROR"},
        "milepost.requests": {"level": "INFO" if ENVIRONMENT.log == "json" else "WARNING"},
    },
}
