// Keeps the parts of a page up to date; the server draws everything.

export const parts = new Map([...document.querySelectorAll("[data-part]")].map((box) => [box.dataset.part, box]));
const { as, in: channel, tab = "" } = document.body.dataset;
const query = new URLSearchParams({ as, in: channel, tab });
const SHORTEST_GAP_MS = 80;

// The HTML that each keyed child was last drawn from, so that what has not changed stays as it is.
const drawnFrom = new WeakMap();
for (const box of parts.values()) for (const child of box.children) drawnFrom.set(child, child.outerHTML);

// False when the server left out a child that is not here, so that all has to be asked for again.
function put(box, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const old = new Map([...box.children].map((child) => [child.dataset.key, child]));
  let isWhole = true;
  let at = box.firstElementChild;
  for (const child of [...fresh.children]) {
    const there = old.get(child.dataset.key);
    old.delete(child.dataset.key);
    let now = there;
    if ("same" in child.dataset) {
      if (!there) { isWhole = false; continue; }
    } else if (!there || drawnFrom.get(there) !== child.outerHTML) {
      now = document.importNode(child, true);
      drawnFrom.set(now, child.outerHTML);
      if (there) {
        if (at === there) at = there.nextElementSibling;
        replace(there, now);
      }
    }
    if (now === at) at = at.nextElementSibling;
    else if (now.nextElementSibling !== at || now.parentNode !== box) box.insertBefore(now, at);
  }
  for (const gone of old.values()) gone.remove();
  return isWhole;
}

function replace(there, now) {
  const focused = there.contains(document.activeElement) ? document.activeElement : null;
  const open = [...there.querySelectorAll("details")].map((details) => details.open);
  now.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? false; });
  if (there.closest("dialog")) keepTyped(there, now);
  there.replaceWith(now);
  if (focused) [...now.querySelectorAll(focused.tagName)].find((one) => isSame(one, focused))?.focus();
}

const isTicked = (field) => field.type === "radio" || field.type === "checkbox";
const isSame = (one, other) => one.name === other.name && one.type === other.type
  && (one.value === other.value || !(isTicked(one) || one.tagName === "BUTTON"));

function keepTyped(there, now) {
  for (const field of there.querySelectorAll("textarea, select, input:not([type=hidden])")) {
    const same = [...now.querySelectorAll(field.tagName)].find((one) => isSame(one, field));
    if (!same) continue;
    if (isTicked(field)) same.checked = field.checked;
    else if (!same.options || [...same.options].some((option) => option.value === field.value)) same.value = field.value;
  }
}

const busy = new Map();
const known = new Map();
let onShown = () => {};

// One request for a part at a time; what changes meanwhile is fetched once, a moment after it.
export async function refresh(name) {
  if (busy.has(name)) return void busy.set(name, true);
  do {
    busy.set(name, false);
    const answer = await fetch(`/part/${name}?${query}&known=${known.get(name) ?? 0}`).catch(() => null);
    if (answer?.ok) show(name, await answer.text(), answer.headers.get("X-Latest-Card"));
    await new Promise((resolve) => { setTimeout(resolve, SHORTEST_GAP_MS); });
  } while (busy.get(name));
  busy.delete(name);
}

function show(name, html, latest) {
  const isWhole = put(parts.get(name), html);
  known.set(name, isWhole ? latest : 0);
  if (!isWhole) busy.set(name, true);
  onShown(name);
  tick();
}

// Durations on the phone network follow its own clock.
function tick() {
  const clock = document.querySelector("[data-speed]")?.dataset;
  if (!clock) return;
  const age = Number(clock.age) + (Date.now() / 1000 - clock.at) * clock.speed;
  for (const time of document.querySelectorAll("[data-since]")) {
    const s = Math.max(0, Math.floor(age - time.dataset.since));
    const shown = `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
    if (time.textContent !== shown) time.textContent = shown;
  }
}

let source = null;

function listen() {
  source = new EventSource("/changes");
  source.onmessage = (event) => event.data.split(",").forEach((name) => parts.has(name) && refresh(name));
  source.onerror = () => document.body.classList.add("cut-off");
  source.onopen = () => {
    // Another run of the sandbox knows nothing of this page.
    if (document.body.classList.contains("cut-off")) location.reload();
    else parts.forEach((_, name) => refresh(name));
  };
}

export function follow(shown) {
  onShown = shown;
  // A browser keeps six connections to a server; pages that nobody sees must not take them all.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden) listen();
  });
  setInterval(tick, 1000);
  tick();
  if (!document.hidden) listen();
}
