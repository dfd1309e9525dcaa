"""WSGI entry point, for servers without event streams."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kargoweb.settings")
application = get_wsgi_application()
