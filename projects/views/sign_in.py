"""Sign in and sign out: Django's own views with our template. Too many wrong passwords answer 429 (axes)."""

from django.contrib.auth.views import LoginView, LogoutView

sign_in = LoginView.as_view(redirect_authenticated_user=True)
sign_out = LogoutView.as_view()
