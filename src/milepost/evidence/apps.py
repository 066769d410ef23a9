from milepost.core.rooms import Room


class EvidenceConfig(Room):
    name = "milepost.evidence"
