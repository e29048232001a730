"""A Django with djangorestframework-simplejwt as its documentation sets it up, in one file.

Prints READY and its URL when it serves, and ends with its standard input.
Arguments: the refresh token's life in seconds, and --rotate.
"""

import sys
import threading
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import path

settings.configure(
    SECRET_KEY="a key of the test, long enough for HS256",
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:evertoken?mode=memory&cache=shared"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
        "REFRESH_TOKEN_LIFETIME": timedelta(seconds=int(sys.argv[1])),
        "ROTATE_REFRESH_TOKENS": "--rotate" in sys.argv,
    },
)
django.setup()

from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402

urlpatterns = [
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/token/refresh/", TokenRefreshView.as_view()),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
from django.contrib.auth.models import User  # noqa: E402

User.objects.create_user("alice", password="Password1!")
server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
print(f"READY http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
