import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { firebaseKeyIn } from "@/areas/senders/applicationForm";
import { PushApplications } from "@/areas/senders/PushApplications";
import { apiThatAnswers, apiThatKeeps, open, pageOf } from "./pages";

const AT = "2027-03-01T10:00:00Z";
const APNS = { team_id: "ABCDE12345", key_id: "KEY1234567", topic: "test.shop", sandbox: false };
const APPLICATION = {
  id: "a1", name: "shop", title: "Shop", app_key: "pk_1", fcm: { project_id: "shop-1", client_email: "a@b.test" }, apns: null, vapid_key: "v", web_contact: null,
  created_at: AT, updated_at: AT,
};
const FIREBASE = { type: "service_account", project_id: "shop-2", client_email: "push@shop-2.test", private_key: "PEM", universe_domain: "googleapis.com" };

const dialog = () => within(screen.getByRole("dialog"));
const save = () => userEvent.click(dialog().getByRole("button", { name: "Save" }));

async function edited(application: object) {
  const api = apiThatKeeps("/v1/push/applications/a1", application, { "/v1/push/applications": [application] });
  await open(PushApplications, "/app/senders", "/app/senders", { allowed: ["push.senders"] });
  await userEvent.click(await screen.findByRole("button", { name: "Edit Shop" }));
  await dialog().findByLabelText(/^Key file of Firebase/);
  return { ...api, bodies: () => api.saves().map(({ body }) => JSON.parse(body)) };
}

test("an application gets the key file of Firebase, of which only what is needed is sent", async () => {
  const { saves, bodies } = await edited(APPLICATION);
  const key = dialog().getByLabelText(/^Key file of Firebase/);
  await userEvent.click(key);
  await userEvent.paste("a password");
  await save();
  await waitFor(() => expect(key).toHaveAccessibleDescription(/not the key file/));
  expect(saves()).toEqual([]);
  await userEvent.clear(key);
  await userEvent.click(key);
  await userEvent.paste(JSON.stringify(FIREBASE));
  await save();
  await waitFor(() => expect(bodies()).toEqual([{ fcm: { project_id: "shop-2", client_email: "push@shop-2.test", private_key: "PEM" } }]));
  expect(saves()[0]?.ifMatch).toBe('"v1"');
});

test("what is changed of iOS needs its key once more; what the API says of that key stands at it", async () => {
  const refused = { code: "request.invalid", detail: "Some fields are not valid.", errors: [{ field: "apns.private_key", code: "application.key_invalid", detail: "This is no private key." }] };
  const asked = apiThatAnswers(({ method, path }) => {
    if (method === "PATCH") return Response.json(refused, { status: 422 });
    return path === "/v1/push/applications" ? pageOf([APPLICATION]) : { ...APPLICATION, apns: APNS };
  });
  await open(PushApplications, "/app/senders", "/app/senders", { allowed: ["push.senders"] });
  await userEvent.click(await screen.findByRole("button", { name: "Edit Shop" }));
  await userEvent.type(await dialog().findByLabelText("Bundle ID"), "2");
  await save();
  const key = dialog().getByLabelText(/^Key of APNs/);
  await waitFor(() => expect(key).toHaveAccessibleDescription(/Paste the key, too/));
  await userEvent.type(key, "PEM");
  await save();
  await waitFor(() => expect(key).toHaveAccessibleDescription(/This is no private key/));
  expect(JSON.parse(asked.find(({ method }) => method === "PATCH")?.body ?? "")).toEqual({ apns: { ...APNS, topic: "test.shop2", private_key: "PEM" } });
});

test("a platform is taken away, and the others stay", async () => {
  const { bodies } = await edited({ ...APPLICATION, apns: APNS });
  await userEvent.click(dialog().getByRole("checkbox", { name: "Send nothing to Android any more" }));
  await save();
  await waitFor(() => expect(bodies()).toEqual([{ fcm: null }]));
});

test("a key file is one that says for which project it is", () => {
  expect(firebaseKeyIn("{}")).toBeNull();
  expect(firebaseKeyIn("null")).toBeNull();
});
