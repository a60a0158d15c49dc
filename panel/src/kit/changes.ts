/** Of a form's values those that are not so already: what is left out stays as it is, or as somebody else has made it. */
export function changesOf<T extends object>(before: { [Name in keyof T]?: unknown }, after: T): Partial<T> {
  const isOther = ([name, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof T]);
  return Object.fromEntries(Object.entries(after).filter(isOther)) as Partial<T>;
}
