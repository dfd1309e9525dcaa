"""GitHub beyond pull requests: issues and Actions, over the REST client of integrations.gitproviders."""
