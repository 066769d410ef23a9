from django.urls import path

from milepost.classroom.views import lead, member, participant, trainer, trainer_device

urlpatterns = [
    path("sessions/", member.sessions, name="sessions"),
    path("sessions/calendar/", member.my_calendar, name="my_calendar"),
    path("sessions/new/", lead.new_session, name="new_session"),
    path("sessions/signatures/<slug:slot>/", member.my_signature, name="my_signature"),
    path("sessions/<uuid:session>/", member.live_session, name="live_session"),
    path("sessions/<uuid:session>/settings/", lead.session_settings, name="session_settings"),
    path("sessions/<uuid:session>/cancellation/", lead.cancellation, name="session_cancellation"),
    path("sessions/<uuid:session>/participants/", lead.participants, name="session_participants"),
    path("sessions/<uuid:session>/departure/", member.departure, name="session_departure"),
    path("sessions/<uuid:session>/trainers/", lead.trainers, name="session_trainers"),
    path("sessions/<uuid:session>/meeting/", member.joining, name="session_meeting"),
    path("sessions/<uuid:session>/documents/", lead.documents, name="session_documents"),
    path("sessions/<uuid:session>/documents/<uuid:document>/", member.document, name="session_document"),
    path("sessions/<uuid:session>/logs/", lead.logs, name="session_logs"),
    path("sessions/<uuid:session>/sheets/<int:number>/", lead.sheet, name="session_sheet"),
    path("sessions/<uuid:session>/absences/<uuid:attendance>/", lead.absence_file, name="absence_file"),
    path("sessions/<uuid:session>/slots/<slug:slot>/", lead.slot_list, name="slot_list"),
    path("sessions/<uuid:session>/slots/<slug:slot>/corrections/", lead.corrections, name="slot_corrections"),
    path("sessions/<uuid:session>/slots/<slug:slot>/decisions/", lead.decisions, name="slot_decisions"),
]

# For whoever has a code or a link, outside of every organisation.
public_urlpatterns = [
    path("sign/", participant.spoken_code, name="spoken_code"),
    path("sign/<str:token>/", participant.personal_link, name="personal_link"),
    path("s/<slug:code>/", participant.sign_page, name="sign"),
    path("s/<slug:code>/<slug:token>/", participant.projected_code, name="projected_code"),
    path("calendar/<str:token>.ics", member.calendar_feed, name="calendar_feed"),
    path("room/offline.js", trainer_device.offline_worker, name="room_offline_worker"),
    path("room/<str:token>/", trainer.trainer_page, name="room"),
    path("room/<str:token>/meeting/", trainer.meeting, name="room_meeting"),
    path("room/<str:token>/documents/<uuid:document>/", trainer.document, name="room_document"),
    path("room/<str:token>/<slug:code>/", trainer.live, name="room_slot"),
    path("room/<str:token>/<slug:code>/list/", trainer.live_list, name="room_list"),
    path("room/<str:token>/<slug:code>/code/", trainer.live_code, name="room_code"),
    path("room/<str:token>/<slug:code>/reminders/", trainer.reminders, name="room_reminders"),
    path("room/<str:token>/<slug:code>/marks/", trainer.notes, name="room_marks"),
    path("room/<str:token>/<slug:code>/decisions/", trainer.decisions, name="room_decisions"),
    path("room/<str:token>/<slug:code>/people/", trainer.people, name="room_people"),
    path("room/<str:token>/<slug:code>/device/", trainer_device.device, name="room_device"),
    path("room/<str:token>/<slug:code>/deliveries/", trainer_device.deliveries, name="room_deliveries"),
    path("room/<str:token>/<slug:code>/closure/", trainer.closure, name="room_closure"),
]
