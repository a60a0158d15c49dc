"""Paper of ours: fonts with Polish letters, styles, pages that know how many there are (needs reportlab: `[paper]`)."""
