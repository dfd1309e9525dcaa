"""What the pages of this app show, one file a page: reads only, frozen dataclasses out."""
