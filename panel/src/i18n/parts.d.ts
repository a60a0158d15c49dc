/** A part of a catalogue, as `splitWords.ts` makes it. */
declare module "*?first" {
  const words: object;
  export default words;
}
declare module "*?rest" {
  const words: object;
  export default words;
}
declare module "*?operator" {
  const words: object;
  export default words;
}
