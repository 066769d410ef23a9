from milepost.core.rooms import Room


class AnalyticsConfig(Room):
    name = "milepost.analytics"
