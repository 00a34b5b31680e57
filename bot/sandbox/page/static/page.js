// The chat and the phones: sends what the person does, and shows modals as dialogs.

import { completeIn } from "./completion.js";
import { follow, parts } from "./live.js";

const modal = parts.get("modal");
const confirmation = document.getElementById("confirm");
const composer = document.getElementById("composer");
const text = document.getElementById("text");
const scroll = document.getElementById("scroll");
const newest = document.getElementById("newest");
const isHome = document.body.dataset.tab === "home";
let isAtEnd = !isHome;
let lastKey = keyOfLast();

function shown(name) {
  if (name === "conversation") showNewest();
  if (name === "modal") showModal();
}

function keyOfLast() { return parts.get("conversation").lastElementChild?.dataset.key; }

// Who reads further up is not torn away, and sees that there is more.
function showNewest() {
  const key = keyOfLast();
  if (isAtEnd) toEnd();
  else if (!isHome && key !== lastKey) newest.hidden = false;
  lastKey = key;
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

scroll.addEventListener("scroll", () => {
  isAtEnd = !isHome && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  if (isAtEnd) newest.hidden = true;
});

newest.addEventListener("click", toEnd);

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

// What is offered is moved through first; the arrow keys recall only when nothing is.
completeIn(text, document.getElementById("offers"));
text.addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.defaultPrevented || !step || (recalled + step < 0)) return;
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

if (isHome) send("/slack/open-home", composer);
else toEnd();
// As in Slack, no modal outlives the page that it was opened on.
if (modal.firstElementChild) send("/slack/close", modal.firstElementChild);
follow(shown);
