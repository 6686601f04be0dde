// The only script besides htmx. Everything here is enhancement: each page works without it.
(() => {
  "use strict";
  const on = (type, selector, fn, opts) => document.addEventListener(type, (e) => {
    const el = e.target instanceof Element && e.target.closest(selector);
    if (el) fn(el, e);
  }, opts);

  // Copy: <button data-copy="#id">. Announces in the same toast region as everything else.
  on("click", "[data-copy]", async (btn) => {
    const src = document.querySelector(btn.dataset.copy);
    try {
      await navigator.clipboard.writeText((src.dataset.value ?? src.value ?? src.textContent).trim());
      say("Copied");
    } catch { say("Could not copy. Select the text and copy it yourself."); }
  });

  // Toasts: dismiss, Escape, and a timer only for plain confirmations (data-timeout in ms).
  const toasts = document.getElementById("toasts");
  const live = document.getElementById("live");
  const say = (text) => { if (live) { live.textContent = ""; requestAnimationFrame(() => { live.textContent = text; }); } };
  on("click", "[data-dismiss]", (btn) => btn.closest(".toast").remove());
  on("keydown", ".toast", (toast, e) => { if (e.key === "Escape") toast.remove(); });
  const arm = (toast) => {
    const ms = Number(toast.dataset.timeout);
    if (!ms) return;
    let id;
    const start = () => { id = setTimeout(() => toast.remove(), ms); };
    const stop = () => clearTimeout(id);
    for (const t of ["pointerenter", "focusin"]) toast.addEventListener(t, stop);
    for (const t of ["pointerleave", "focusout"]) toast.addEventListener(t, start);
    start();
  };
  if (toasts) {
    toasts.querySelectorAll(".toast").forEach(arm);
    new MutationObserver((list) => list.forEach((m) => m.addedNodes.forEach((n) => n.classList?.contains("toast") && arm(n)))).observe(toasts, { childList: true });
  }

  // Select-all: group boxes and the "all" box follow and drive the boxes of events, or of a list's rows.
  const sync = (form) => {
    const tick = (box, boxes) => {
      const n = boxes.filter((b) => b.checked).length;
      box.checked = n === boxes.length;
      box.indeterminate = n > 0 && n < boxes.length;
      box.removeAttribute("data-indeterminate");
      const count = box.closest(".event-group__head")?.querySelector(".event-group__count");
      if (count) count.textContent = `${n} of ${boxes.length}`;
    };
    form.querySelectorAll("[data-select-all]").forEach((box) => tick(box, members(form, box)));
  };
  const MEMBERS = 'input[type="checkbox"]:is([name="events"], [name="id"])';
  // The boxes of a table may belong to a form that stands above it.
  const members = (form, box) => [...(box.dataset.selectAll === "all" ? form : box.closest("fieldset")).elements].filter((b) => b.matches(MEMBERS));
  on("change", "[data-select-all]", (box) => { members(box.form, box).forEach((b) => { b.checked = box.checked; }); sync(box.form); });
  on("change", MEMBERS, (box) => sync(box.form));
  const syncAll = () => document.querySelectorAll("form:has([data-select-all])").forEach(sync);
  document.addEventListener("htmx:after:swap", syncAll); // a form that came back with errors is a new form
  syncAll();

  // In flight: busy, not disabled. A disabled button would drop keyboard focus; a second press is ignored here.
  const pressed = new WeakMap();
  const busy = (e, yes) => {
    const el = e.detail?.ctx?.sourceElement ?? e.target;
    if (!(el instanceof Element)) return;
    if (!yes) return pressed.get(el)?.removeAttribute("aria-busy");
    const btn = el.tagName === "FORM" ? (e.detail?.ctx?.request?.submitter ?? el.querySelector(".btn--primary")) : el;
    pressed.set(el, btn);
    btn?.setAttribute("aria-busy", "true");
  };
  on("click", '[aria-busy="true"]', (el, e) => { e.preventDefault(); e.stopImmediatePropagation(); }, true);
  document.addEventListener("htmx:before:request", (e) => busy(e, true));
  document.addEventListener("htmx:finally:request", (e) => busy(e, false));

  // No answer at all: the server could not say anything, so the page does. Made here and not brought along in the page, where
  // it would stand in the source of pages on which nothing failed.
  const make = (tag, attributes, ...children) => {
    const el = document.createElementNS(tag === "svg" || tag === "use" ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
    for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
    el.append(...children);
    return el;
  };
  const sprite = document.querySelector("svg use")?.getAttribute("href")?.split("#")[0];
  const icon = (name) => make("svg", { class: "icon", "aria-hidden": "true" }, make("use", { href: `${sprite}#${name}` }));
  document.addEventListener("htmx:error", (e) => {
    const ctx = e.detail?.ctx;
    if (!ctx || ctx.response || !toasts || toasts.querySelector("[data-offline]")) return;
    toasts.append(make("div", { class: "toast toast--bad", role: "alert", "data-offline": "" },
      icon("circle-x"),
      make("div", {}, make("strong", {}, "No connection"), make("p", {}, "Your changes are not saved. Try again.")),
      make("button", { class: "btn btn--ghost btn--icon", type: "button", "data-dismiss": "", "aria-label": "Dismiss notification" }, icon("x"))));
  });

  // Confirm dialogs arrive as a fragment in #dialog-root; open them modally, give focus back on close.
  const root = document.getElementById("dialog-root");
  const open = () => {
    const dialog = root?.querySelector("dialog:not([open])");
    if (!dialog) return;
    const back = document.activeElement;
    dialog.addEventListener("close", () => { dialog.remove(); if (back?.isConnected) back.focus(); });
    dialog.showModal();
  };
  on("click", "dialog [data-close]", (el, e) => { e.preventDefault(); el.closest("dialog").close(); });
  if (root) { new MutationObserver(open).observe(root, { childList: true }); open(); }
})();
