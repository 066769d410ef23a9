from milepost.core.rooms import Room


class SecurityConfig(Room):
    name = "milepost.security"
