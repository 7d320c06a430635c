// A vendor's back end: it redeems launches, lists its customers and receives events.
//
//   SIGNPOST_URL=http://127.0.0.1:3000 CONTENT_API_KEY=… VENDOR_API_KEY=… EVENTS_KEYS=… node backend.mjs

import { createServer } from "node:http";
import { text } from "node:stream/consumers";
const { SIGNPOST_URL, CONTENT_API_KEY, VENDOR_API_KEY, EVENTS_KEYS, PORT = "8080" } = process.env;
const eventsKeys = (EVENTS_KEYS ?? "").split(",").filter(Boolean); // two while the key changes
const events = new Map(); // the newest event of each installation
const week = 7 * 24 * 60 * 60 * 1000; // ms

async function signpost(method, path, key) {
  const answer = await fetch(SIGNPOST_URL + path, { method, headers: { authorization: `Bearer ${key}` } });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.title), { status: answer.status === 404 ? 404 : 502 });
  return body;
}

async function installations() {
  const all = [];
  for (let cursor = ""; cursor !== undefined;) {
    const page = await signpost("GET", `/installations?cursor=${encodeURIComponent(cursor)}`, VENDOR_API_KEY);
    all.push(...page.installations);
    cursor = page.next;
  }
  return all;
}

// Events arrive at least once and in any order: the version of the row says which is newer. A
// week after a removal it may begin again.
function receive(event, key) {
  if (!eventsKeys.includes(key)) throw Object.assign(new Error("unknown key"), { status: 401 });
  const { orgKey, appId, version } = event.detail;
  const known = events.get(orgKey + appId);
  const forgotten = known?.["detail-type"] === "installation.removed" && Date.parse(event.time) - Date.parse(known.time) > week;
  if (orgKey && (forgotten || !(known?.detail.version >= version))) events.set(orgKey + appId, event);
}

const routes = {
  // Only a POST redeems: a link preview would use up the code. What it answers is at an
  // address without the code.
  "GET /content": (query) => ["text/html", `<form method="post" action="/content"><button name="launch"
    value="${encodeURIComponent(query.get("launch"))}">Continue</button></form>`],
  "POST /content": async (_, body) => {
    const code = encodeURIComponent(new URLSearchParams(body).get("launch"));
    const launch = await signpost("POST", `/launches/${code}`, CONTENT_API_KEY);
    const devices = launch.devices.map((device) => device.displayName ?? device.deviceId);
    return ["text/plain", `${launch.task} for ${launch.orgName}: ${devices.join(", ")}`];
  },
  "GET /customers": async () => ["application/json", JSON.stringify((await installations()).map((i) => (
    { orgKey: i.orgKey, orgName: i.orgName, state: i.state, event: events.get(i.orgKey + i.appId)?.["detail-type"] })))],
  "POST /events": (_, body, headers) => [receive(JSON.parse(body), headers["x-api-key"]), ""],
};

const server = createServer(async (request, response) => {
  try {
    const url = new URL(request.url, "http://localhost");
    const route = routes[`${request.method} ${url.pathname}`];
    if (!route) throw Object.assign(new Error("not found"), { status: 404 });
    const [type = "text/plain", body] = await route(url.searchParams, await text(request), request.headers);
    response.writeHead(200, { "content-type": `${type}; charset=utf-8`, "referrer-policy": "no-referrer" }).end(body);
  } catch (error) {
    response.writeHead(error.status ?? 500).end(error.message);
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
