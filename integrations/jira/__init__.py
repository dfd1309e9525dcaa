"""Jira: issues, comments and transitions over its REST API."""
