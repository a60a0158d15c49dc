// What a page's service worker loads by importScripts: shows what comes, opens what it leads to, and tells what was done with it.
"use strict";
self.addEventListener("push", (event) => {
  let said;
  try {
    said = event.data.json();
  } catch {
    return;
  }
  event.waitUntil(said.silent ? told(said) : shown(said));
});

const told = async (said) => {
  for (const client of await self.clients.matchAll({includeUncontrolled: true})) client.postMessage({wici: said.data || {}});
};

const shown = (said) =>
  self.registration.showNotification(said.title || "", {
    body: said.body || "",
    image: said.image,
    tag: said.tag,
    actions: (said.buttons || []).map(({id, title}) => ({action: id, title})),
    data: {id: said.id, opened: said.opened, url: said.url, buttons: said.buttons || [], data: said.data || {}},
  });

const done = (said, what) =>
  said.opened ? fetch(said.opened + what, {mode: "no-cors", credentials: "omit", keepalive: true}).catch(() => {}) : null;

self.addEventListener("notificationclose", (event) => event.waitUntil(done(event.notification.data || {}, "?dismissed=1")));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const said = event.notification.data || {};
  const place = (said.buttons || []).findIndex(({id}) => id === event.action);
  const url = (place >= 0 && said.buttons[place].url) || said.url;
  const work = [done(said, place >= 0 ? `?button=${place + 1}` : "")];
  if (url && /^https?:/.test(url)) work.push(self.clients.openWindow(url));
  event.waitUntil(Promise.all(work));
});
