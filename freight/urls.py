"""URLs of freight."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
