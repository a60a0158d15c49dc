// Wici's web push for a page: wiciPush.subscribe({appKey, vapidKey, worker, …}) and wiciPush.unsubscribe({appKey, worker}).
//
//   worker    the page's own service worker; one line is enough: importScripts("https://…/web-push/worker.js")
//   vapidKey  of the application (GET /v1/push/applications)
//   language  "pl"; the browser's by default
//   contact   {external_id: "42", proof: "…"} where the page's server knows who this is
//
// Both answer a promise, which fails with a word: push.not_supported, push.refused, or the API's own code.
"use strict";
window.wiciPush = (() => {
  const api = new URL(document.currentScript.src).origin;

  const decoded = (key) => {
    const padded = key.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (key.length % 4)) % 4);
    return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0));
  };

  const post = async (path, body) => {
    const answer = await fetch(api + path, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body), credentials: "omit",
    });
    if (answer.status === 204) return null;
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.code);
    return said;
  };

  const active = async (registration) => {
    const worker = registration.installing || registration.waiting;
    if (registration.active || !worker) return registration;
    await new Promise((resolve) =>
      worker.addEventListener("statechange", () => worker.state === "activated" && resolve()));
    return registration;
  };

  const subscribe = async ({appKey, vapidKey, worker, language, contact}) => {
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) throw new Error("push.not_supported");
    if ((await Notification.requestPermission()) !== "granted") throw new Error("push.refused");
    const registration = await active(await navigator.serviceWorker.register(worker));
    const subscription = (await registration.pushManager.getSubscription()) ||
      (await registration.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: decoded(vapidKey)}));
    const {endpoint, keys} = subscription.toJSON();
    const wanted = (language || navigator.language || "").split("-").slice(0, 2).join("-");
    return post("/v1/devices", {
      app_key: appKey, platform: "web", token: endpoint, keys: {p256dh: keys.p256dh, auth: keys.auth},
      language: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/.test(wanted) ? wanted : null,
      time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone || null, contact: contact || null,
    });
  };

  const unsubscribe = async ({appKey, worker}) => {
    const registration = await navigator.serviceWorker.getRegistration(worker);
    const subscription = registration && (await registration.pushManager.getSubscription());
    if (!subscription) return;
    const {endpoint} = subscription;
    await subscription.unsubscribe();
    await post("/v1/devices/removal", {app_key: appKey, token: endpoint});
  };

  return {subscribe, unsubscribe};
})();
