"""Template tags shared by all packages."""
