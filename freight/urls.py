"""URLs of freight."""

from django.urls import path

from freight.views.warehouse import warehouse, warehouse_card
from freight.views.warehouse_list import warehouse_list
from freight.views.warehouse_refresh import warehouse_refresh

_WAREHOUSES = "p/<str:project_name>/warehouses/"

urlpatterns = [
    path(_WAREHOUSES, warehouse_list, name="warehouse-list"),
    path(f"{_WAREHOUSES}<str:name>/", warehouse, name="warehouse"),
    path(f"{_WAREHOUSES}<str:name>/card/", warehouse_card, name="warehouse-card"),
    path(f"{_WAREHOUSES}<str:name>/refresh/", warehouse_refresh, name="warehouse-refresh"),
]
