"""What the web sites around git repositories know: which one a host is, links to commits, pull requests."""
