"""URLs: the admin site, the front page, and the endpoints for supervisors and Prometheus."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from dsiprouter.health import healthz, readyz
from dsiprouter.logins.lost_posts import login_state
from kamailio_bridge.views.metrics import metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/login-state/", login_state, name="login_state"),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler500 = "dsiprouter.failures.error_pages.server_error"
