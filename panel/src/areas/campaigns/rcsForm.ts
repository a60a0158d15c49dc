import type { RcsContent } from "@/areas/campaigns/draft";

export type Suggestion = NonNullable<RcsContent["suggestions"]>[number];
export type Kind = NonNullable<RcsContent["kind"]>;
type ApiCard = NonNullable<RcsContent["card"]>;

export const KINDS: Kind[] = ["basic", "single", "card", "carousel", "file"];
/** What the panel writes; a tap of another kind that a draft has is kept as it is. */
export const TAPS = ["reply", "url", "dial", "share_location"] as const satisfies Suggestion["type"][];
export const SUGGESTIONS_MAX = 11;
export const CARD_SUGGESTIONS_MAX = 4;
export const CARDS_MIN = 2;
export const CARDS_MAX = 10;

export interface Card {
  title: string;
  description: string;
  picture: string;
  suggestions: Suggestion[];
}

/** An RCS message as it is written: all kinds at once, so that a change of the kind loses nothing. */
export interface RcsForm {
  sender: string;
  kind: Kind;
  text: string;
  file: string;
  cards: Card[];
  suggestions: Suggestion[];
}

export const newCard = (): Card => ({ title: "", description: "", picture: "", suggestions: [] });
export const newSuggestion = (): Suggestion => ({ type: "url", text: "", url: "https://" });

export function formOf(sender: string | null, content: RcsContent): RcsForm {
  const cards = content.carousel?.cards ?? (content.card ? [content.card] : []);
  return {
    sender: sender ?? "",
    kind: content.kind ?? "single",
    text: content.text ?? "",
    file: content.media?.url ?? "",
    cards: cards.length > 0 ? cards.map(formOfCard) : [newCard()],
    suggestions: content.suggestions ?? [],
  };
}

/** What of the form belongs to its kind; a draft's fields that the panel does not write stay. */
export function contentOf(before: RcsContent, form: RcsForm): RcsContent {
  const { kind, text, file, cards, suggestions } = form;
  const own: RcsContent = { kind, ...(before.ttl_seconds && { ttl_seconds: before.ttl_seconds }) };
  const beside = suggestions.length > 0 ? { suggestions: suggestions.map(wholeSuggestion) } : {};
  if (kind === "basic") return { ...own, text };
  if (kind === "single") return { ...own, ...(text || !before.media ? { text } : { media: before.media }), ...beside };
  if (kind === "file") return { ...own, media: { ...before.media, url: file } };
  const old = before.carousel?.cards ?? (before.card ? [before.card] : []);
  const made = cards.map((card, place) => cardOf(card, old[place]));
  if (kind === "card") return { ...own, card: made[0] ?? {}, ...beside };
  return { ...own, carousel: { width: "medium", ...before.carousel, cards: made }, ...beside };
}

/** A card's or message's field of the API, as a path of the form: `content.carousel.cards.1.title` is `cards.1.title`. */
export function placeInForm(field: string): string {
  return field
    .replace(/^content\./, "")
    .replace(/^carousel\.cards/, "cards")
    .replace(/^card\b/, "cards.0")
    .replace(/^media\.url/, "file")
    .replace(/\.media\.url$/, ".picture");
}

/** Only what belongs to what a tap does. */
export function wholeSuggestion(one: Suggestion): Suggestion {
  const { type, text, postback, url, phone } = one;
  const shown = { type, text, ...(postback && { postback }) };
  if (type === "url") return { ...shown, url };
  if (type === "dial") return { ...shown, phone };
  return type === "location" || type === "calendar" ? one : shown;
}

function formOfCard(card: ApiCard): Card {
  return { title: card.title ?? "", description: card.description ?? "", picture: card.media?.url ?? "", suggestions: card.suggestions ?? [] };
}

function cardOf({ title, description, picture, suggestions }: Card, before: ApiCard | undefined): ApiCard {
  return {
    ...(title && { title }),
    ...(description && { description }),
    ...(picture && { media: { height: "medium" as const, ...before?.media, url: picture } }),
    ...(suggestions.length > 0 && { suggestions: suggestions.map(wholeSuggestion) }),
  };
}
