"""Sign-up forms as strangers meet them: descriptions, pages, and who may read the answers."""
