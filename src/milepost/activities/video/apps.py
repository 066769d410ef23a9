from milepost.core.rooms import Room


class VideoConfig(Room):
    name = "milepost.activities.video"
