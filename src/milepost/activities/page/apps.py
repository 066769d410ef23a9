from milepost.core.rooms import Room


class PageConfig(Room):
    name = "milepost.activities.page"
