"""Where the sentences wait that the next page shows: Django's own cookie and session, the cookie named as all of ours are."""

from django.contrib.messages.storage import cookie, fallback
from django.contrib.messages.storage.session import SessionStorage

from milepost.core.cookies import Cookie


class CookieStorage(cookie.CookieStorage):
    """Short ones travel in a cookie."""

    cookie_name = Cookie("messages").full_name


class Storage(fallback.FallbackStorage):
    """What is too long for a cookie waits in the session."""

    storage_classes = (CookieStorage, SessionStorage)
