// Keeps the page up to date and sends what the person does; the server draws everything.
"use strict";

const query = new URLSearchParams({ as: document.body.dataset.as, in: document.body.dataset.in });
const parts = new Map([...document.querySelectorAll("[data-part]")].map((box) => [box.dataset.part, box]));
const modal = parts.get("modal");
const confirmation = document.getElementById("confirm");
const composer = document.getElementById("composer");
const text = document.getElementById("text");
const scroll = document.getElementById("scroll");

// The HTML that each keyed child was last drawn from, so that what has not changed stays as it is.
const drawnFrom = new WeakMap();
for (const box of parts.values()) for (const child of box.children) drawnFrom.set(child, child.outerHTML);

function put(box, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const old = new Map([...box.children].map((child) => [child.dataset.key, child]));
  let at = box.firstElementChild;
  for (const child of [...fresh.children]) {
    const source = child.outerHTML;
    const there = old.get(child.dataset.key);
    old.delete(child.dataset.key);
    let now = there;
    if (!there || drawnFrom.get(there) !== source) {
      now = document.importNode(child, true);
      drawnFrom.set(now, source);
      if (there) {
        if (at === there) at = there.nextElementSibling;
        replace(there, now);
      }
    }
    if (now === at) at = at.nextElementSibling;
    else if (now.nextElementSibling !== at || now.parentNode !== box) box.insertBefore(now, at);
  }
  for (const gone of old.values()) gone.remove();
}

function replace(there, now) {
  const focused = there.contains(document.activeElement) ? document.activeElement : null;
  const open = [...there.querySelectorAll("details")].map((details) => details.open);
  now.querySelectorAll("details").forEach((details, index) => { details.open = open[index] ?? false; });
  if (modal.contains(there)) keepTyped(there, now);
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

// One request for a part at a time; what changes meanwhile is fetched once after it.
async function refresh(name) {
  if (busy.has(name)) return void busy.set(name, true);
  do {
    busy.set(name, false);
    const answer = await fetch(`/part/${name}?${query}`).catch(() => null);
    if (answer?.ok) show(name, await answer.text());
  } while (busy.get(name));
  busy.delete(name);
}

function show(name, html) {
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  put(parts.get(name), html);
  if (name === "conversation" && isAtEnd) toEnd();
  if (name === "modal") showModal();
  tick();
}

function showModal() {
  const form = modal.firstElementChild;
  if (!form) return void (modal.open && modal.close());
  const isNew = !modal.open || modal.dataset.shows !== form.dataset.key;
  modal.dataset.shows = form.dataset.key;
  modal.setAttribute("aria-label", form.querySelector("h2").textContent);
  if (!modal.open) modal.showModal();
  const wrong = form.querySelector("[aria-invalid]");
  const first = form.querySelector(".modal-body :is(input, select, textarea)") ?? form.querySelector("footer button");
  if (wrong) wrong.focus();
  else if (isNew) first.focus();
}

function toEnd() { scroll.scrollTop = scroll.scrollHeight; }

function tick() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll("[data-since]")) {
    const s = Math.max(0, Math.floor(now - time.dataset.since));
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

// A browser keeps six connections to a server; pages that nobody sees must not take them all.
document.addEventListener("visibilitychange", () => {
  source?.close();
  if (!document.hidden) listen();
});

async function send(url, form, button) {
  const body = new URLSearchParams(new FormData(form, button?.name ? button : null));
  button?.setAttribute("aria-busy", "true");
  const answer = await fetch(url, { method: "POST", body }).catch(() => null);
  button?.removeAttribute("aria-busy");
  if (!answer) toast("The sandbox does not answer. Is it still running?");
  else if (answer.status !== 204) toast(await answer.text());
}

function toast(words) {
  const box = document.getElementById("toast");
  box.textContent = words;
  box.hidden = false;
  clearTimeout(box.timer);
  box.timer = setTimeout(() => { box.hidden = true; }, 6000);
}

function agreed(template) {
  confirmation.firstElementChild.replaceChildren(template.content.cloneNode(true));
  confirmation.returnValue = "";
  confirmation.showModal();
  return new Promise((resolve) => {
    confirmation.addEventListener("close", () => resolve(confirmation.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.method !== "post") return;
  event.preventDefault();
  if (form === composer) return void say();
  const template = button?.querySelector("template.confirm");
  if (template && !(await agreed(template))) return;
  button?.closest("details.overflow")?.removeAttribute("open");
  send(button?.hasAttribute("formaction") ? button.formAction : form.action, form, button);
});

document.addEventListener("change", (event) => {
  const field = event.target;
  if (!field.matches("[data-acts]")) return;
  const form = field.form;
  if (form.action.includes("/faults/")) return void send(form.action, form);
  const button = Object.assign(document.createElement("button"), { name: "element", value: field.name, hidden: true });
  form.append(button);
  send("/slack/click", form, button).then(() => button.remove());
});

modal.addEventListener("cancel", (event) => {
  event.preventDefault();
  send("/slack/close", modal.firstElementChild);
});

const typedBefore = JSON.parse(sessionStorage.getItem("typed") ?? "[]");
let recalled = typedBefore.length;

function say() {
  if (!text.value.trim()) return;
  typedBefore.push(text.value);
  sessionStorage.setItem("typed", JSON.stringify(typedBefore.slice(-50)));
  recalled = typedBefore.length;
  send(composer.action, composer);
  text.value = "";
  toEnd();
}

text.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || (recalled + step < 0)) return;
  event.preventDefault();
  recalled = Math.min(typedBefore.length, recalled + step);
  text.value = typedBefore[recalled] ?? "";
});

document.addEventListener("click", (event) => {
  const hint = event.target.closest("[data-hint]");
  if (!hint) return;
  text.value = hint.dataset.hint;
  text.focus();
});

setInterval(tick, 1000);
tick();
toEnd();
showModal();
if (!document.hidden) listen();
