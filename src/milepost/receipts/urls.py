from django.urls import path

from milepost.receipts.views import leaver, office, person

urlpatterns = [
    path("my-receipt/", person.my_receipt, name="my_receipt"),
    path("my-receipt/brought/", person.brought, name="brought_receipts"),
    path("people/<uuid:member>/receipt/", office.receipt_of, name="receipt_of"),
    path("receipts/", office.receipts, name="receipts"),
    path("receipts/<uuid:receipt>/", office.receipt, name="receipt"),
    path("receipts/<uuid:receipt>/key/", office.receipt_key, name="receipt_key"),
    path("receipts/<uuid:receipt>/equivalences/", office.equivalences, name="receipt_equivalences"),
    path("receipts/<uuid:receipt>/refusal/", office.refusal, name="receipt_refusal"),
    path("equivalences/<uuid:equivalence>/end/", office.equivalence_end, name="equivalence_end"),
]
public_urlpatterns = [path("receipt/<str:token>/", leaver.leaver_receipt, name="leaver_receipt")]
