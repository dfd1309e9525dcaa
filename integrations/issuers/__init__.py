"""Issuers of short-lived credentials: GitHub Apps, Amazon ECR, Google Artifact Registry, Azure Container Registry."""
