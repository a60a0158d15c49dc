import type { Schemas } from "@/api/client";

export type Event = Schemas["WebhookCreate"]["events"][number];
/** All of the API's: one that is missing does not compile. */
export const EVENTS = Object.keys({
  "message.accepted": 1, "message.deferred": 1, "message.submitted": 1, "message.unknown": 1, "message.delivered": 1,
  "message.undelivered": 1, "message.expired": 1, "message.rejected": 1, "message.hard_bounced": 1, "message.soft_bounced": 1,
  "message.spam_bounced": 1, "message.opened": 1, "message.clicked": 1, "message.dismissed": 1, "message.answered": 1, "message.unsubscribed": 1, "message.complained": 1,
  "contact.archived": 1, "campaign.state_changed": 1, "import.finished": 1, "sms.received": 1, "rcs.received": 1,
  "whatsapp.received": 1, "viber.received": 1,
} satisfies Record<Event, 1>) as Event[];
