/* Everything live on a page.

   The tab has one stream of events (body: hx-ext="sse" sse-connect="…"). An event names what changed; a part of the
   page that shows it (hx-get, hx-trigger="kw:stage:prod from:body", hx-swap="outerHTML", data-live, an id) asks the
   server for itself. `kw:promotion` stands for every promotion, at most once in two seconds. What may have been missed
   is asked for by refreshing all [data-live] parts. Log lines pass through to log.js. */

const JOIN_MS = 250;
const KIND_PAUSE_MS = 2000;
const HIDDEN_MS = 60_000;
const POLL_MS = 10_000;
const FAILURES_BEFORE_POLLING = 3;
const LONGEST_RETRY_MS = 30_000;

/* ---- the stream ---- */

/** An event source that never gives up: each new connection asks for what follows the last id it saw. */
class LiveSource {
  constructor(url) {
    this.url = new URL(url, location.href);
    this.listeners = new Map();
    this.failures = 0;
    this.wasOpen = false;
    this.isSuspended = false;
    this.readyState = EventSource.CONNECTING;
    this.addEventListener("kw", (event) => noteTopic(JSON.parse(event.data).topic));
    this.addEventListener("log", (event) => this.url.searchParams.set("after", event.lastEventId));
    this.addEventListener("log-end", (event) => {
      this.url.searchParams.delete("log");
      this.url.searchParams.delete("after");
      document.body.dispatchEvent(new CustomEvent("kw:log-end", { detail: JSON.parse(event.data) }));
    });
    this.connect();
  }

  addEventListener(type, listener) {
    if (!this.listeners.has(type)) {
      this.listeners.set(type, new Set());
      this.forward(type);
    }
    this.listeners.get(type).add(listener);
  }

  removeEventListener(type, listener) {
    this.listeners.get(type)?.delete(listener);
  }

  forward(type) {
    this.inner?.addEventListener(type, (event) => {
      for (const listener of [...this.listeners.get(type)]) listener(event);
    });
  }

  connect() {
    clearTimeout(this.timer);
    this.inner?.close();
    if (this.readyState === EventSource.CLOSED || this.isSuspended) return;
    const address = new URL(this.url);
    // What changed since the page was asked for; later connections refresh everything instead.
    if (!this.wasOpen) address.searchParams.set("age", Math.ceil(performance.now()));
    const inner = new EventSource(address);
    this.inner = inner;
    for (const type of this.listeners.keys()) this.forward(type);
    inner.onopen = (event) => {
      const isAgain = this.wasOpen || this.failures > 0;
      this.readyState = EventSource.OPEN;
      this.wasOpen = true;
      this.failures = 0;
      showState("live");
      this.onopen?.(event);
      if (isAgain) resync();
    };
    inner.onerror = (event) => {
      if (this.inner !== inner) return;
      inner.close();
      this.failures += 1;
      this.readyState = EventSource.CONNECTING;
      showState(this.failures >= FAILURES_BEFORE_POLLING ? "stale" : "connecting");
      this.onerror?.(event);
      const wait = Math.min(1000 * 2 ** (this.failures - 1), LONGEST_RETRY_MS);
      this.timer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
    };
  }

  suspend() {
    this.isSuspended = true;
    clearTimeout(this.timer);
    this.inner?.close();
    this.inner = undefined;
  }

  resume() {
    this.isSuspended = false;
    this.connect();
  }

  close() {
    this.readyState = EventSource.CLOSED;
    clearTimeout(this.timer);
    this.inner?.close();
    sources.delete(this);
  }
}

const sources = new Set();
htmx.createEventSource = (url) => {
  const source = new LiveSource(url);
  sources.add(source);
  return source;
};

let hiddenTimer;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(() => sources.forEach((source) => source.suspend()), HIDDEN_MS);
  } else {
    sources.forEach((source) => source.isSuspended && source.resume());
  }
});
addEventListener("online", () => sources.forEach((source) => source.failures && source.connect()));
addEventListener("pagehide", () => sources.forEach((source) => source.suspend()));
addEventListener("pageshow", (event) => event.persisted && sources.forEach((source) => source.resume()));

/* ---- the indicator ---- */

let notLiveSince;
let pollTimer;

function showState(state) {
  if (state === "live") notLiveSince = undefined;
  else notLiveSince ??= new Date();
  clearInterval(pollTimer);
  if (state === "stale") pollTimer = setInterval(() => document.hidden || resync(), POLL_MS);
  const indicator = document.getElementById("live-indicator");
  if (!indicator) return;
  indicator.hidden = false;
  indicator.dataset.state = state;
  if (state === "stale") {
    const clock = notLiveSince.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "Refresh";
    again.addEventListener("click", (event) => {
      event.preventDefault();
      location.reload();
    });
    indicator.replaceChildren(`Not live since ${clock} · `, again);
  } else {
    indicator.textContent = state === "live" ? "Live" : "Reconnecting…";
  }
}

/* ---- what changed ---- */

const topics = new Set();
const kinds = new Map();
let joinTimer;

function noteTopic(topic) {
  topics.add(topic);
  joinTimer ??= setTimeout(tellTopics, JOIN_MS);
}

function tellTopics() {
  joinTimer = undefined;
  const told = [...topics];
  topics.clear();
  if (told.includes("resync")) {
    resync();
    return;
  }
  for (const topic of told) {
    tell(`kw:${topic}`);
    const [kind, name] = topic.split(":");
    if (name !== undefined) tellKind(kind);
  }
}

/** At once, and then not again for a while; what comes meanwhile is told at its end. */
function tellKind(kind) {
  const state = kinds.get(kind);
  if (state) {
    state.again = true;
    return;
  }
  tell(`kw:${kind}`);
  const fresh = { again: false };
  kinds.set(kind, fresh);
  setTimeout(() => {
    kinds.delete(kind);
    if (fresh.again) tellKind(kind);
  }, KIND_PAUSE_MS);
}

/** Parts that were told of news while they were being fetched: what arrives may be older than that. */
const outrun = new Set();

function tell(name) {
  const fetching = document.querySelectorAll(`.htmx-request[hx-trigger*="${CSS.escape(name)}"]`);
  for (const part of fetching) outrun.add(part.id);
  document.body.dispatchEvent(new CustomEvent(name));
}

function resync() {
  tell("kw:resync");
  document.querySelectorAll("[data-live][hx-get]").forEach(refresh);
}

/* ---- parts ---- */

const drawnFrom = new WeakMap();

function refresh(part) {
  htmx.ajax("GET", part.getAttribute("hx-get"), { source: part, target: part, swap: "outerHTML" });
}

function isPart(element) {
  return element instanceof Element && element.matches('[data-live], [hx-trigger*="kw:"]');
}

function isDirty(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

/** True while a person works in the part: a swap would take the work away. */
function isHeld(part) {
  if (part.querySelector("dialog[open], form[data-held]")) return true;
  return [...part.querySelectorAll("form:not([method=dialog]) :is(input, select, textarea)")].some(isDirty);
}

/** True when both were drawn from the same facts; only parts that carry a version can tell. */
function isSameVersion(part, text) {
  return part.dataset.version !== undefined && text.includes(`data-version="${part.dataset.version}"`);
}

function offerReload(part) {
  if (part.querySelector(".changed-meanwhile")) return;
  const offer = document.createElement("p");
  offer.className = "hint changed-meanwhile";
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn small";
  again.textContent = "Reload";
  again.addEventListener("click", () => {
    part.querySelectorAll("form").forEach((form) => form.reset());
    refresh(part);
  });
  offer.append("Changed meanwhile · ", again);
  part.prepend(offer);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.detail.elt;
  if (!isPart(part) || event.detail.requestConfig.verb !== "get" || !isHeld(part)) return;
  // The answer will tell whether anything has changed.
  if (part.dataset.version !== undefined && !part.querySelector(".changed-meanwhile")) return;
  event.preventDefault();
  offerReload(part);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target, xhr, elt } = event.detail;
  if (!isPart(elt) || target !== elt || requestConfig?.verb !== "get") return;
  if (isHeld(target)) {
    event.detail.shouldSwap = false;
    if (!isSameVersion(target, xhr.responseText)) offerReload(target);
  } else if (drawnFrom.get(target) === xhr.responseText) {
    event.detail.shouldSwap = false;
  } else if (event.detail.shouldSwap && target.id) {
    swapped = remember(target, xhr.responseText);
  }
});

let swapped;
document.addEventListener("htmx:afterSwap", () => {
  if (!swapped) return;
  const memory = swapped;
  swapped = undefined;
  const part = document.getElementById(memory.id);
  if (!part) return;
  restore(part, memory);
  // Once more: htmx keeps the event on the element that was just replaced.
  if (outrun.delete(memory.id)) setTimeout(() => refresh(document.getElementById(memory.id) ?? part));
});

const FOCUSABLE = "a, button, input, select, textarea, summary, [tabindex]";
function keyed(part) {
  return [...part.querySelectorAll("details")].map((details, index) => [details.id || `${index}`, details]);
}

function remember(part, text) {
  const opened = keyed(part).filter(([, details]) => details.dataset.toggled);
  const focusable = [...part.querySelectorAll(FOCUSABLE)];
  return {
    id: part.id,
    text,
    said: part.dataset.announce,
    toggled: new Map(opened.map(([key, details]) => [key, details.open])),
    focus: focusable.indexOf(document.activeElement),
    focusTag: document.activeElement?.tagName,
  };
}

function restore(part, memory) {
  drawnFrom.set(part, memory.text);
  for (const [key, details] of keyed(part)) {
    if (!memory.toggled.has(key)) continue;
    details.open = memory.toggled.get(key);
    details.dataset.toggled = "1";
  }
  const focus = memory.focus >= 0 ? part.querySelectorAll(FOCUSABLE)[memory.focus] : undefined;
  if (focus?.tagName === memory.focusTag && document.activeElement !== focus) focus.focus({ preventScroll: true });
  if (part.dataset.title) document.title = part.dataset.title;
  if (part.dataset.announce && part.dataset.announce !== memory.said) announce(part.dataset.announce);
}

document.addEventListener("click", (event) => {
  const details = event.target.closest("summary")?.parentElement;
  if (details) details.dataset.toggled = "1";
});

function announce(text) {
  const region = document.getElementById("announce");
  if (region) region.textContent = text;
}

/* ---- running time ---- */

const startedAt = new WeakMap();

function describe(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const [large, unit, small, rest] = seconds < 3600 ? [60, "m", 1, "s"] : seconds < 86400 ? [3600, "h", 60, "m"] : [86400, "d", 3600, "h"];
  const left = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${unit}${left ? ` ${left} ${rest}` : ""}`;
}

setInterval(() => {
  for (const shown of document.querySelectorAll("[data-elapsed]")) {
    if (!startedAt.has(shown)) startedAt.set(shown, performance.now() - 1000 * Number(shown.dataset.elapsed));
    shown.textContent = describe(Math.floor((performance.now() - startedAt.get(shown)) / 1000));
  }
}, 1000);

/* ---- buttons ---- */

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without HTTPS browsers offer only the old way.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const focused = document.activeElement;
    await copy(button.dataset.copy);
    focused?.focus({ preventScroll: true });
    button.dataset.copied = "1";
    setTimeout(() => delete button.dataset.copied, 1500);
    announce("Copied");
  }
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.querySelector(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
  }
});

// A dialog that the server opened stands in the page; with JavaScript it becomes a real one.
document.querySelectorAll("dialog[open]").forEach((dialog) => {
  dialog.close();
  dialog.showModal();
});

document.addEventListener(
  "close",
  (event) => {
    const part = event.target.closest?.("[data-live]");
    if (part?.querySelector(".changed-meanwhile")) refresh(part);
  },
  true,
);

document.addEventListener("submit", (event) => {
  const button = event.submitter ?? event.target.querySelector("[data-busy]");
  if (!button?.dataset.busy || event.defaultPrevented) return;
  if (button.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  const label = button.querySelector("span") ?? button;
  button.dataset.label = label.textContent;
  button.setAttribute("aria-busy", "true");
  label.textContent = button.dataset.busy;
});

function endBusy(root) {
  for (const button of root.querySelectorAll('[aria-busy="true"][data-label]')) {
    (button.querySelector("span") ?? button).textContent = button.dataset.label;
    button.removeAttribute("aria-busy");
  }
}
document.addEventListener("htmx:afterRequest", (event) => endBusy(event.detail.elt));
addEventListener("pageshow", (event) => event.persisted && endBusy(document));
