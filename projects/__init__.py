"""People, access, credentials and audit: the lowest Django app. Never imports freight or promotions."""
