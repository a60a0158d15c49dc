import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, bodyOf, type Schemas } from "@/api/client";
import { mergePage, type Place, placesOf, type Source } from "@/areas/conversations/merge";

/** Channels on which people answer. */
export const HEARD_ON = ["sms", "whatsapp", "viber", "rcs"] as const;
export type HeardOn = (typeof HEARD_ON)[number];

/** Something that a person wrote or tapped, or that was sent to them, whatever the channel. */
export interface Said {
  key: string;
  channel: HeardOn;
  direction: "received" | "sent";
  /** Of a channel that has no numbers: the contact, or whatever names the person there. */
  phone: string;
  contactId: string | null;
  /** The account's: a number, a WhatsApp number's or an agent's name. */
  number: string;
  text: string | null;
  at: string;
  wish: "stop" | "start" | null;
  state: string | null;
  messageId: string | null;
  isAutomatic: boolean;
  missingParts: number[];
}

export type Page = Source<Said>;
const PAGE = 50;

export const ofSms = (one: Schemas["InboundSms"]): Said => ({ ...said("sms", one.id, one.from, one.to, one.text, one.received_at), wish: one.wish });
export const ofRcs = (one: Schemas["InboundRcs"]): Said => ({ ...said("rcs", one.id, one.from, one.to, one.text, one.received_at), wish: one.wish as Said["wish"], messageId: one.message_id });
export const ofWhatsapp = (one: Schemas["InboundWhatsapp"]): Said => ({ ...said("whatsapp", one.id, one.from, one.sender, one.text, one.received_at), wish: one.wish as Said["wish"], messageId: one.message_id });
export const ofViber = (one: Schemas["InboundViber"]): Said => ({ ...said("viber", one.id, one.from, one.sender, one.text, one.received_at), wish: one.wish as Said["wish"], messageId: one.message_id, contactId: one.contact_id });
export const ofLog = (channel: HeardOn) => (one: Schemas["Message"]): Said => ({
  ...said(channel, one.id, one.address ?? "", one.sender ?? "", null, one.created_at),
  direction: "sent",
  state: one.state,
  messageId: one.id,
});
export const ofConversation = (one: Schemas["Said"]): Said => ({
  ...said("sms", one.id, one.phone, one.number, one.text, one.at),
  direction: one.direction,
  wish: one.wish,
  state: one.state,
  messageId: one.direction === "sent" ? one.message_id : null,
  isAutomatic: one.is_automatic,
  missingParts: one.missing_parts,
});

function said(channel: HeardOn, id: string, phone: string, number: string, text: string | null, at: string): Said {
  return { key: `${channel}${id}`, channel, direction: "received", phone, contactId: null, number, text, at, wish: null, state: null, messageId: null, isAutomatic: false, missingParts: [] };
}

/** Lists of the inbox by their channel; each row of SMS is the newest of its conversation. */
export const INBOX = {
  sms: (cursor: string | undefined, q: string | undefined) => paged(api.GET("/v1/inbound-sms/conversations", { params: { query: { limit: PAGE, cursor, q } } }), ofSms),
  whatsapp: (cursor: string | undefined, q: string | undefined) => paged(api.GET("/v1/inbound-whatsapp", { params: { query: { limit: PAGE, cursor, q } } }), ofWhatsapp),
  viber: (cursor: string | undefined, q: string | undefined) => paged(api.GET("/v1/inbound-viber", { params: { query: { limit: PAGE, cursor, q } } }), ofViber),
  rcs: (cursor: string | undefined, q: string | undefined) => paged(api.GET("/v1/inbound-rcs", { params: { query: { limit: PAGE, cursor, q } } }), ofRcs),
};

/** All that one phone wrote, and all that was sent to it on these channels. */
export function withPhone(phone: string) {
  const log = (channel: HeardOn) => (cursor: string | undefined) =>
    paged(api.GET("/v1/messages", { params: { query: { limit: PAGE, cursor, address: phone, channel } } }), ofLog(channel));
  return {
    sms: (cursor: string | undefined) => paged(api.GET("/v1/inbound-sms/conversation", { params: { query: { limit: PAGE, cursor, phone } } }), ofConversation),
    whatsapp: (cursor: string | undefined) => paged(api.GET("/v1/inbound-whatsapp", { params: { query: { limit: PAGE, cursor, phone } } }), ofWhatsapp),
    rcs: (cursor: string | undefined) => paged(api.GET("/v1/inbound-rcs", { params: { query: { limit: PAGE, cursor, phone } } }), ofRcs),
    whatsappSent: log("whatsapp"),
    rcsSent: log("rcs"),
  };
}

async function paged<Row>(answer: Promise<{ data?: { items: Row[]; next_cursor: string | null } }>, as: (row: Row) => Said): Promise<Page> {
  const { items, next_cursor } = await bodyOf(answer);
  return { items: items.map(as), next_cursor };
}

interface Together {
  /** By which the answers are known to the cache. */
  key: unknown[];
  lists: Record<string, (cursor: string | undefined, q: string | undefined) => Promise<Page>>;
  at: string | undefined;
  q?: string;
  everyMs: number;
}

/** A page of several lists as one, asked anew by itself; its place is one text, for the address. */
export function useTogether({ key, lists, at, q, everyMs }: Together) {
  const places = placesOf(at, Object.keys(lists));
  return useQuery({
    queryKey: [...key, places, q],
    queryFn: async () => {
      const asked = Object.entries(lists).filter(([name]) => places[name]);
      const found = await Promise.all(asked.map(async ([name, list]) => [name, await list((places[name] as Exclude<Place, null>).cursor ?? undefined, q)] as const));
      const { rows, next } = mergePage(places, Object.fromEntries(found), PAGE);
      return { items: rows, next_cursor: next };
    },
    placeholderData: keepPreviousData,
    refetchInterval: everyMs,
  });
}
