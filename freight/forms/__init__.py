"""What people write into pages of freight, one file a page."""
