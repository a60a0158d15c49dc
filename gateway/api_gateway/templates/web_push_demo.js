"use strict";
const form = document.getElementById("form");
const said = document.getElementById("said");
const worker = "/web-push/worker.js";
const show = (work) => work.then((told) => (said.textContent = told), (error) => (said.textContent = error.message));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const {app_key: appKey, vapid_key: vapidKey} = Object.fromEntries(new FormData(form));
  show(wiciPush.subscribe({appKey, vapidKey, worker}).then((device) => `Device ${device.id}`));
});
document.getElementById("end").addEventListener("click", () =>
  show(wiciPush.unsubscribe({appKey: new FormData(form).get("app_key"), worker}).then(() => "Unsubscribed")));
