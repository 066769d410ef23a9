from milepost.core.rooms import Room


class JournalConfig(Room):
    name = "milepost.journal"
