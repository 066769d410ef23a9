from django.urls import path

from milepost.classroom import public, rooms, views

urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/new/", views.new_session, name="new_session"),
    path("sessions/signatures/<slug:slot>/", views.my_signature, name="my_signature"),
    path("sessions/<uuid:session>/", views.live_session, name="live_session"),
    path("sessions/<uuid:session>/settings/", views.session_settings, name="session_settings"),
    path("sessions/<uuid:session>/cancellation/", views.cancellation, name="session_cancellation"),
    path("sessions/<uuid:session>/participants/", views.participants, name="session_participants"),
    path("sessions/<uuid:session>/departure/", views.departure, name="session_departure"),
    path("sessions/<uuid:session>/trainers/", views.trainers, name="session_trainers"),
    path("sessions/<uuid:session>/meeting/", views.joining, name="session_meeting"),
    path("sessions/<uuid:session>/documents/", views.documents, name="session_documents"),
    path("sessions/<uuid:session>/documents/<uuid:document>/", views.document, name="session_document"),
    path("sessions/<uuid:session>/logs/", views.logs, name="session_logs"),
    path("sessions/<uuid:session>/sheets/<int:number>/", views.sheet, name="session_sheet"),
    path("sessions/<uuid:session>/absences/<uuid:attendance>/", views.absence_file, name="absence_file"),
    path("sessions/<uuid:session>/slots/<slug:slot>/", views.slot_list, name="slot_list"),
    path("sessions/<uuid:session>/slots/<slug:slot>/corrections/", views.corrections, name="slot_corrections"),
]

# For whoever has a code or a link, outside of every organisation.
public_urlpatterns = [
    path("sign/", public.spoken_code, name="spoken_code"),
    path("sign/<str:token>/", public.personal_link, name="personal_link"),
    path("s/<slug:code>/", public.sign_page, name="sign"),
    path("s/<slug:code>/<slug:token>/", public.projected_code, name="projected_code"),
    path("calendar/<str:token>.ics", public.calendar_feed, name="calendar_feed"),
    path("room/offline.js", rooms.offline_worker, name="room_offline_worker"),
    path("room/<str:token>/", rooms.room, name="room"),
    path("room/<str:token>/meeting/", rooms.meeting, name="room_meeting"),
    path("room/<str:token>/documents/<uuid:document>/", rooms.document, name="room_document"),
    path("room/<str:token>/<slug:code>/", rooms.live, name="room_slot"),
    path("room/<str:token>/<slug:code>/list/", rooms.live_list, name="room_list"),
    path("room/<str:token>/<slug:code>/code/", rooms.live_code, name="room_code"),
    path("room/<str:token>/<slug:code>/reminders/", rooms.reminders, name="room_reminders"),
    path("room/<str:token>/<slug:code>/marks/", rooms.marks, name="room_marks"),
    path("room/<str:token>/<slug:code>/people/", rooms.people, name="room_people"),
    path("room/<str:token>/<slug:code>/device/", rooms.device, name="room_device"),
    path("room/<str:token>/<slug:code>/deliveries/", rooms.deliveries, name="room_deliveries"),
    path("room/<str:token>/<slug:code>/closure/", rooms.closure, name="room_closure"),
]
