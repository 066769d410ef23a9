from allauth.usersessions.apps import UserSessionsConfig

from milepost.core.rooms import Room


class PeopleConfig(Room):
    name = "milepost.people"


class DevicesConfig(UserSessionsConfig):  # type: ignore[misc]
    """allauth's list of devices, without its look through it at each sign-in.

    That took a device off the list whose session got a new key at this moment (`sessions.renew`): it read the old key, and found no
    session of that. Whoever then ended all sessions missed it. `AccountAdapter.login` lists each session that begins, and those that
    have ended are taken off by `sessions.forget_ended`.
    """

    default = False

    def ready(self) -> None:
        from allauth.account.signals import password_changed, password_set  # brings models
        from allauth.usersessions import signals

        for changed in (password_set, password_changed):  # the session goes on under another key
            changed.connect(signals.on_password_changed)
