// Offers commands and names while one types: arrow keys choose, Tab or Enter takes, Esc puts away.

const MOST = 9;
const NAME = /(^|[\s:])@([\w.-]*)$/;

export function completeIn(field, list) {
  let all = { commands: [], people: [] };
  let chosen = -1;
  let learning = null;

  async function ask() {
    const answer = await fetch("/offers").catch(() => null);
    if (answer?.ok) all = await answer.json();
    else learning = null;
  }

  function fitting() {
    const typed = field.value;
    const name = NAME.exec(typed);
    if (name) {
      const before = typed.slice(0, typed.length - name[2].length - 1);
      return all.people.filter((one) => one.text.startsWith(`@${name[2].toLowerCase()}`))
        .map((one) => ({ ...one, whole: `${before}${one.text} ` }));
    }
    if (!typed.startsWith("/")) return [];
    return all.commands.filter((one) => one.text.startsWith(typed) && one.text !== typed)
      .map((one) => ({ ...one, whole: one.text }));
  }

  function draw(offers) {
    chosen = -1;
    list.replaceChildren(...offers.slice(0, MOST).map((offer, index) => {
      const row = Object.assign(document.createElement("li"), { id: `offer-${index}`, role: "option" });
      row.setAttribute("aria-selected", "false");
      const does = Object.assign(document.createElement("small"), { textContent: offer.does });
      row.append(Object.assign(document.createElement("b"), { textContent: offer.text }), " ", does);
      row.dataset.whole = offer.whole;
      return row;
    }));
    list.hidden = !list.children.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
    field.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    list.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = (index + list.children.length) % list.children.length;
    list.children[chosen].setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", list.children[chosen].id);
  }

  function take(row) {
    field.value = row.dataset.whole;
    draw([]);
    field.focus();
  }

  const deeds = {
    ArrowDown: () => choose(chosen + 1),
    ArrowUp: () => chosen >= 0 && (choose(chosen - 1), true),
    Tab: () => take(list.children[Math.max(0, chosen)]),
    Enter: () => chosen >= 0 && (take(list.children[chosen]), true),
    Escape: () => draw([]),
  };
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.shiftKey || !(event.key in deeds)) return;
    // Enter sends, and the arrow recalls, as long as nothing is chosen.
    if (deeds[event.key]() !== false) event.preventDefault();
  });
  field.addEventListener("input", async () => {
    const typed = field.value;
    await (learning ??= ask());
    // What was drawn for more letters may be chosen from by now.
    if (field.value === typed) draw(fitting());
  });
  field.addEventListener("blur", () => draw([]));
  field.form.addEventListener("submit", () => draw([]));
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const row = event.target.closest("li");
    if (row) take(row);
  });
}
