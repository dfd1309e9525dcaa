"""The site: settings, urls, the command line, the Celery app. Nobody imports it."""
