export const DAY_MS = 86_400_000;

/** The moment so many days from now; none for 0 days: then there is no end. */
export const daysFromNow = (days: number) => (days > 0 ? new Date(Date.now() + days * DAY_MS).toISOString() : null);
