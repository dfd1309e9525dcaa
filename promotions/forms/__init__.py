"""What the forms of this app accept, one file a page."""
