import type { Schemas } from "@/api/client";
import { changesOf } from "@/kit/changes";

export type Application = Schemas["Application"];
type Change = Schemas["ApplicationChange"];
type FirebaseKey = NonNullable<Change["fcm"]>;

/** What the API shows of an application; private keys are written, never shown. */
export function valuesOf({ title, web_contact, apns }: Application) {
  return {
    title,
    web_contact: web_contact ?? "",
    fcm: "",
    no_fcm: false,
    team_id: apns?.team_id ?? "",
    key_id: apns?.key_id ?? "",
    topic: apns?.topic ?? "",
    sandbox: apns?.sandbox ?? false,
    apns_key: "",
    no_apns: false,
  };
}

export type Values = ReturnType<typeof valuesOf>;

/** The key file of a service account as Firebase gives it, without what the API does not take; null where it is none. */
export function firebaseKeyIn(file: string): FirebaseKey | null {
  try {
    const { project_id, client_email, private_key } = JSON.parse(file) as FirebaseKey;
    return project_id && client_email && private_key ? { project_id, client_email, private_key } : null;
  } catch {
    return null;
  }
}

const apnsOf = ({ team_id, key_id, topic, sandbox }: Values) => ({ team_id: team_id.trim(), key_id: key_id.trim(), topic: topic.trim(), sandbox });

/** Whether something of iOS was changed: then the API wants its private key once more. */
export function isOtherApns(application: Application, values: Values): boolean {
  return Object.keys(changesOf(apnsOf(valuesOf(application)), apnsOf(values))).length > 0;
}

/** What was changed; null takes a platform away. */
export function applicationChange(application: Application, values: Values): Change {
  const { title, web_contact, fcm, no_fcm, apns_key, no_apns } = values;
  const firebase = firebaseKeyIn(fcm);
  return {
    ...changesOf<Change>(application, { title, web_contact: web_contact.trim() || null }),
    ...(no_fcm ? { fcm: null } : firebase && { fcm: firebase }),
    ...(no_apns ? { apns: null } : apns_key.trim() && { apns: { ...apnsOf(values), private_key: apns_key } }),
  };
}
