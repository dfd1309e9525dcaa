"""Helm: chart repositories over HTTP and OCI, charts and their dependencies, rendering by the real program."""
