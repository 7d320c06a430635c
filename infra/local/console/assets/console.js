// The page's script: it applies the server's updates, submits forms without
// leaving the page, and loads the screens that are in view.
const $ = (id) => document.getElementById(id);
const { org, client } = document.body.dataset;

// --------------------------------------------------------------- morphing
// A part arrives as HTML and is merged into the page: nodes are changed, not
// replaced, so that focus, selection, open menus and loaded screens survive.

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    const own = name === "open" || name === "aria-busy";
    if (!to.hasAttribute(name) && !own) from.removeAttribute(name);
  }
  if (!from.hasAttribute("data-keep")) morphChildren(from, to);
}

function morphChildren(from, to) {
  const named = new Map();
  for (const child of from.children) if (child.id) named.set(child.id, child);
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = wanted.id ? named.get(wanted.id) : null;
    if (known) {
      if (known === at) at = at.nextSibling;
      else from.insertBefore(known, at);
      morph(known, wanted);
    } else if (at && !at.id && !wanted.id && at.nodeName === wanted.nodeName) {
      const next = at.nextSibling;
      if (wanted.nodeType === Node.ELEMENT_NODE) morph(at, wanted);
      else if (at.nodeValue !== wanted.nodeValue) at.nodeValue = wanted.nodeValue;
      at = next;
    } else {
      from.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function showPart({ name, version, html }) {
  const part = $(name);
  const focused = document.activeElement;
  const inside = part.contains(focused);
  morphChildren(part, parse(html));
  if (inside && !part.contains(focused)) part.querySelector("h2")?.focus({ preventScroll: true });
  versions.set(name, version);
  if (name === "devices") lookAtDevices();
  showTimes();
}

// ----------------------------------------------------------------- updates

// The versions shown, so that after a pause only changes are sent.
const versions = new Map(document.body.dataset.versions.trim().split(" ").map((entry) => entry.split(":")));
let mark = document.body.dataset.mark;
let source = null;
let hiding = 0;

function connect() {
  if (source || !org || document.hidden) return;
  const shown = [...versions].map((entry) => entry.join(":")).join(" ");
  const query = new URLSearchParams({ org, client, mark, versions: shown });
  source = new EventSource(`/console/events?${query}`);
  source.onopen = () => setLive("on", "Live");
  source.onerror = () => {
    disconnect("Reconnecting");
    setTimeout(connect, 1000);
  };
  source.addEventListener("part", (event) => showPart(JSON.parse(event.data)));
  source.addEventListener("wire", (event) => showExchanges(JSON.parse(event.data)));
  source.addEventListener("gone", (event) => location.assign(JSON.parse(event.data)));
}

function disconnect(why) {
  source?.close();
  source = null;
  setLive("off", why);
}

function setLive(state, text) {
  $("live").dataset.state = state;
  $("live-text").textContent = text;
}

// A browser allows few connections to one host, so a hidden tab closes its own.
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (!document.hidden) connect();
  else hiding = setTimeout(disconnect, 5000, "Paused");
});

// ------------------------------------------------------------------- forms

const busy = new WeakSet();

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.submitter?.getAttribute("aria-disabled") === "true") {
    event.preventDefault();
    if (form.hasAttribute("data-group")) showOutcome(whyNot(event.submitter));
    return;
  }
  form.closest("details.menu")?.removeAttribute("open");
  if (!form.hasAttribute("data-act")) return; // it opens a new tab
  event.preventDefault();
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
  if (busy.has(form)) return;
  busy.add(form);
  event.submitter?.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)), headers: { Accept: "application/json" },
    });
    showOutcome(await response.json());
  } catch {
    showOutcome({ title: "The simulator does not respond", detail: "Is it still running?", failed: true });
  }
  busy.delete(form);
  event.submitter?.removeAttribute("aria-busy");
});

function whyNot(assign) {
  return assign.hasAttribute("data-offered")
    ? { title: "No device is selected", detail: "Select devices first, then assign content.", failed: true }
    : { title: "Not offered", detail: "Webex stores no configuration of this feature.", failed: true };
}

function showOutcome(outcome) {
  if (outcome.problems) { showProblems(outcome.problems); return; }
  if (outcome.clientSecret) { showClient(outcome); return; }
  if (outcome.go) { location.assign(outcome.go); return; }
  if (outcome.code) { showCode(outcome); return; }
  $("status").hidden = false;
  $("status").classList.toggle("failed", Boolean(outcome.failed));
  $("status-title").textContent = outcome.title;
  $("status-detail").textContent = outcome.detail ?? "";
}

$("status-close").addEventListener("click", () => { $("status").hidden = true; });

function showCode({ code, paste, guide }) {
  $("code-text").value = code;
  $("code-paste").hidden = !paste;
  $("code-paste").href = paste ?? "";
  $("code-paste").textContent = guide ? "Open the activation guide" : "Open the activation page";
  openDialog($("code"));
}

// ----------------------------------------------------------------- dialogs

function openDialog(dialog) {
  const status = dialog.querySelector("[role=status]");
  if (status) status.textContent = "";
  dialog.showModal();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-open], [data-close], [data-copy]");
  if (!button) return;
  if (button.dataset.open) openDialog($(button.dataset.open));
  else if (button.dataset.copy) await copy($(button.dataset.copy));
  else button.closest("dialog").close();
});

async function copy(field) {
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand("copy"); }
  field.closest("dialog").querySelector("[role=status]").textContent = `${field.labels[0].textContent} copied.`;
}

// The file is shown before it is uploaded, so that it can be compared with the problems.
$("upload-file")?.addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) $("upload-text").value = await file.text();
  $("upload-problems").hidden = true;
});

function showProblems(problems) {
  const list = $("upload-problems").querySelector("ul");
  list.replaceChildren(...problems.map((problem) => {
    const item = document.createElement("li");
    item.textContent = problem;
    return item;
  }));
  $("upload-problems").hidden = false;
  $("upload-problems").scrollIntoView({ block: "nearest", behavior: "instant" });
}

// The secret goes with the dialog, however it is closed.
function showClient({ title, clientId, clientSecret, go }) {
  $("upload").close();
  $("client-title").textContent = title;
  $("client-id").value = clientId;
  $("client-secret").value = clientSecret;
  $("client").addEventListener("close", () => location.assign(go), { once: true });
  openDialog($("client"));
}

// Menus close on Escape and on a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.removeAttribute("open");
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});

// ----------------------------------------------------------------- devices

document.addEventListener("change", (event) => {
  const group = event.target.closest("[data-group]");
  if (!group) return;
  if (event.target.hasAttribute("data-all")) {
    for (const box of group.querySelectorAll("[data-device]")) box.checked = event.target.checked;
  }
  count(group);
});

function count(group) {
  const boxes = [...group.querySelectorAll("[data-device]")];
  const chosen = boxes.filter((box) => box.checked).length;
  const all = group.querySelector("[data-all]");
  all.checked = chosen > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
  group.querySelector("[data-chosen]").textContent = chosen === 0 ? "None selected" : `${chosen.toLocaleString("en")} selected`;
  const assign = group.querySelector("[data-assign]");
  assign.setAttribute("aria-disabled", String(chosen === 0 || !assign.hasAttribute("data-offered")));
}

// Only the screens in view are loaded: there may be thousands of devices.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    entry.target.seen = entry.isIntersecting;
    showScreen(entry.target);
  }
}, { rootMargin: "150px" });

const watched = new WeakSet();

function lookAtDevices() {
  for (const group of document.querySelectorAll("[data-group]")) count(group);
  for (const device of document.querySelectorAll(".device")) {
    if (watched.has(device)) showScreen(device);
    else { watched.add(device); watcher.observe(device); }
  }
}

function showScreen(device) {
  if (!device.seen && !device.shown) return;
  device.shown = device.seen;
  showAddress(device.querySelector(".address"), device.dataset.src);
  for (const screen of device.querySelectorAll(".screen")) {
    showPage(screen, device.seen ? device.dataset.src : "", device.dataset.since);
  }
}

function showAddress(line, address) {
  const link = document.createElement("a");
  Object.assign(link, { href: address, target: "_blank", rel: "noopener noreferrer", title: address });
  link.textContent = address.replace(/^https?:\/\/[^/]+/, "");
  line.replaceChildren(address ? link : "no content");
}

// A page whose storage was wiped is reloaded.
function showPage(screen, address, since) {
  let frame = screen.firstElementChild;
  if (address && frame?.dataset.src === address && frame.dataset.since === since) return;
  frame?.remove();
  screen.removeAttribute("data-shown");
  if (!address) return;
  frame = document.createElement("iframe");
  frame.title = screen.dataset.title;
  frame.tabIndex = -1;
  frame.setAttribute("sandbox", "allow-scripts"); // no origin, no forms, no windows
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.dataset, { src: address, since });
  frame.addEventListener("load", () => screen.setAttribute("data-shown", address));
  frame.src = address;
  screen.append(frame);
}

// ----------------------------------------------------------------- traffic

const kept = 500;

function showExchanges(update) {
  mark = update.mark;
  const list = $("exchanges");
  for (const { id, html } of update.rows) {
    const fresh = parse(html).firstElementChild;
    const known = $(`x${id}`);
    if (known) {
      morph(known, fresh);
      if (known.open) load(known);
    } else {
      list.prepend(fresh);
    }
  }
  while (list.childElementCount > kept) list.lastElementChild.remove();
  filter();
}

async function load(exchange) {
  try {
    const response = await fetch(`/console/wire/${exchange.dataset.id}`);
    exchange.querySelector(".details").replaceChildren(parse(await response.text()));
  } catch {
    exchange.querySelector(".details").textContent = "The simulator does not respond.";
  }
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".exchange") && event.target.open) load(event.target);
}, true);

function filter() {
  const own = $("wire-own").checked;
  for (const row of $("exchanges").children) row.hidden = own && row.dataset.org !== org;
}
$("wire-own").addEventListener("change", filter);

// ------------------------------------------------------------------- times

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function showTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const seconds = Math.round((new Date(time.dateTime) - Date.now()) / 1000);
    const size = Math.abs(seconds);
    const [amount, unit] = size < 90 ? [seconds, "second"] : size < 5400 ? [seconds / 60, "minute"]
      : size < 129600 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
    const text = words.format(Math.round(amount), unit);
    if (!time.title) time.title = time.textContent;
    if (time.textContent !== text) time.textContent = text;
  }
}

document.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
lookAtDevices();
showTimes();
setInterval(showTimes, 1000);
connect();
