"""Argo CD over the REST API of its server: read applications, change their sources, sync them, judge their health."""
