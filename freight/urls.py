"""URLs of freight."""

from django.urls import path

from freight.views.assemble import assemble, assemble_create
from freight.views.rule import rule, rule_test
from freight.views.warehouse import warehouse, warehouse_card
from freight.views.warehouse_list import warehouse_list
from freight.views.warehouse_refresh import warehouse_refresh
from freight.views.webhook_delivery import webhook_delivery, webhook_redeliver
from freight.views.webhooks import webhooks

_WAREHOUSES = "p/<str:project_name>/warehouses/"
_WEBHOOKS = "p/<str:project_name>/settings/webhooks/"

urlpatterns = [
    path(_WAREHOUSES, warehouse_list, name="warehouse-list"),
    path(f"{_WAREHOUSES}<str:name>/", warehouse, name="warehouse"),
    path(f"{_WAREHOUSES}<str:name>/card/", warehouse_card, name="warehouse-card"),
    path(f"{_WAREHOUSES}<str:name>/refresh/", warehouse_refresh, name="warehouse-refresh"),
    path(f"{_WAREHOUSES}<str:name>/assemble/", assemble, name="warehouse-assemble"),
    path(f"{_WAREHOUSES}<str:name>/assemble/create/", assemble_create, name="warehouse-assemble-create"),
    path(f"{_WAREHOUSES}<str:name>/rules/<int:position>/", rule, name="warehouse-rule"),
    path(f"{_WAREHOUSES}<str:name>/rules/<int:position>/test/", rule_test, name="warehouse-rule-test"),
    path(_WEBHOOKS, webhooks, name="webhooks"),
    path(f"{_WEBHOOKS}<int:pk>/", webhook_delivery, name="webhook-delivery"),
    path(f"{_WEBHOOKS}<int:pk>/redeliver/", webhook_redeliver, name="webhook-redeliver"),
]
