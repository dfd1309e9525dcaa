"""All URLs: each package brings its own."""

from django.conf import settings
from django.urls import include, path

from kargoweb.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("projects.urls")),
    path("", include("freight.urls")),
    path("", include("promotions.urls")),
]

if settings.DEMO:
    from kargoweb.demo.views import new_release

    urlpatterns.append(path("demo/release/", new_release, name="demo-release"))

handler403 = "kargoweb.error_pages.not_allowed"
handler404 = "kargoweb.error_pages.not_found"
handler500 = "kargoweb.error_pages.broken"
