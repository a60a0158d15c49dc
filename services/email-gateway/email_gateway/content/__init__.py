"""Making one e-mail: template, MIME and DKIM. Pure functions on values; no network and no database."""
