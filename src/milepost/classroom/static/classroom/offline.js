// Keeps the trainer's page for handing the device round, and what it is made of, for when there is no network.
const STORE = "milepost-trainer-1";
const isKept = (url) => url.pathname.startsWith("/static/") || url.pathname.startsWith("/brand/") || /^\/room\/[^/]+\/[^/]+\/device\/$/.test(url.pathname);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || !isKept(url)) return;
  event.respondWith(fromNetwork(request).catch(async () => (await caches.match(request)) ?? Response.error()));
});

async function fromNetwork(request) {
  const response = await fetch(request);
  if (response.ok) {
    const store = await caches.open(STORE);
    await store.put(request, response.clone());
  }
  return response;
}
