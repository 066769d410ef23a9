from django.urls import path

from milepost.audiences.views import lead

urlpatterns = [
    path("audiences/", lead.audiences, name="audiences"),
    path("audiences/new/", lead.new_audience, name="new_audience"),
    path("audiences/<uuid:audience>/", lead.audience, name="audience"),
    path("audiences/<uuid:audience>/rule/", lead.audience_rule, name="audience_rule"),
    path("audiences/<uuid:audience>/moves/", lead.audience_moves, name="audience_moves"),
    path("audiences/<uuid:audience>/people/<uuid:member>/", lead.audience_person, name="audience_person"),
    path("audiences/<uuid:audience>/archiving/", lead.audience_archiving, name="audience_archiving"),
    path("audiences/<uuid:audience>/restoring/", lead.audience_restoring, name="audience_restoring"),
]
