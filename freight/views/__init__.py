"""Pages of freight, one file a page, named as its template."""
