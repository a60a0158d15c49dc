/** As the API stores the numbers that an account sends from; short codes and names are no such numbers. */
const BARE = /^[1-9]\d{6,14}$/;

/** A phone number as the API reads it, of one that somebody has typed in groups or with 00 for the plus. */
export const asTyped = (phone: string) => phone.replace(/[\s().-]/g, "").replace(/^00/, "+");

/** A phone number as all are written here, with its plus (E.164); a name, a short code or an address as it is. */
export const inFull = (sender: string) => (BARE.test(sender) ? `+${sender}` : sender);
