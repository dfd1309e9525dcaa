"""Git: what remotes offer, mirrors shared by everybody, clones and work trees of promotions."""
