/* The log of a promotion: follows its end, marks lines that the URL names, and sees to it that no line is missing.

   Lines arrive as server-drawn fragments (htmx, sse-swap="log"). Each line has a number; whatever does not continue
   the last one is fetched by range instead. */

const MOST_ELEMENTS = 5000;
const EARLIER_LINES = 1000;
const RANGE_LINES = 2000;
const NEAR_END_PX = 24;

const log = document.getElementById("log");
const lines = document.getElementById("log-lines");
const body = log.querySelector(".log-body");
const followButton = document.getElementById("log-follow");
const wrapButton = document.getElementById("log-wrap");
const more = document.getElementById("log-more");
const count = document.getElementById("log-count");

const numberOf = (line) => Number(line?.id.slice(1) ?? 0);
const firstLine = () => lines.querySelector(".log-line");
const lastLine = () => [...lines.children].findLast((child) => child.id);

let last = numberOf(lastLine());
let ended = log.dataset.ended !== undefined;
let isFollowing = false;
let unseen = 0;
let wanted = 0;
let isFilling = false;

/* ---- no line is missing ---- */

lines.addEventListener("htmx:sseBeforeMessage", (event) => {
  const { data, lastEventId } = event.detail;
  const first = Number(/id="L(\d+)"/.exec(data)?.[1]);
  const until = Number(lastEventId);
  if (until <= last) {
    event.preventDefault();
  } else if (first !== last + 1 || isFilling) {
    event.preventDefault();
    wanted = Math.max(wanted, until);
    fill();
  }
});

lines.addEventListener("htmx:sseMessage", grow);

document.body.addEventListener("kw:log-end", (event) => {
  ended = true;
  wanted = Math.max(wanted, event.detail.lines);
  fill();
});

/** Fetch what is missing up to the line `wanted`. */
async function fill() {
  if (isFilling) return;
  isFilling = true;
  while (last < wanted) {
    const before = last;
    try {
      lines.append(await fetchRange(last + 1, Math.min(wanted, last + RANGE_LINES)));
    } catch {
      // The server is away; the next turn tries again.
    }
    grow();
    if (last === before) await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  isFilling = false;
  if (ended) finish();
}

async function fetchRange(first, until, options = "") {
  const address = `${log.dataset.range}?from=${first}&to=${until}${options}`;
  const response = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(`${response.status}`);
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

function finish() {
  document.getElementById("log-end").textContent = last ? `End of log · ${last} lines` : "Nothing was logged.";
  scrollIfFollowing();
  setFollowing(false);
}

/** After lines were added at the end. */
function grow() {
  const now = numberOf(lastLine());
  const added = now - last;
  if (added <= 0) return;
  last = now;
  count.textContent = `${last} lines`;
  if (!ended) document.getElementById("log-end").textContent = "";
  trim();
  mark();
  if (isFollowing) scrollIfFollowing();
  else showUnseen(unseen + added);
}

/** Drop the oldest lines from the page; they stay on the server. */
function trim() {
  const surplus = lines.childElementCount - MOST_ELEMENTS;
  if (surplus <= 0) return;
  const height = body.scrollHeight;
  for (let dropped = 0; dropped < surplus; dropped += 1) lines.firstElementChild.remove();
  if (!isFollowing) body.scrollTop -= height - body.scrollHeight;
  offerEarlier();
}

function offerEarlier() {
  const first = numberOf(firstLine());
  let link = document.getElementById("log-earlier");
  if (first <= 1) {
    link?.parentElement.remove();
    return;
  }
  if (!link) {
    const line = document.createElement("p");
    line.className = "log-end";
    link = document.createElement("a");
    link.id = "log-earlier";
    link.textContent = "Earlier lines";
    line.append(link);
    lines.before(line);
  }
  link.href = `${log.dataset.range}?from=${Math.max(1, first - EARLIER_LINES)}&to=${first - 1}`;
}

async function showEarlier() {
  const first = numberOf(firstLine());
  const part = await fetchRange(Math.max(1, first - EARLIER_LINES), first - 1);
  const height = body.scrollHeight;
  lines.prepend(part);
  body.scrollTop += body.scrollHeight - height;
  offerEarlier();
  mark();
}

/* ---- following ---- */

function setFollowing(value) {
  isFollowing = value && !ended;
  followButton?.setAttribute("aria-pressed", `${isFollowing}`);
  if (followButton) followButton.hidden = ended;
  if (isFollowing) {
    showUnseen(0);
    scrollIfFollowing();
  }
}

function scrollIfFollowing() {
  if (isFollowing) body.scrollTop = body.scrollHeight;
}

function showUnseen(value) {
  unseen = value;
  if (!more) return;
  more.hidden = unseen === 0;
  more.textContent = `${unseen} new ${unseen === 1 ? "line" : "lines"} ↓`;
}

function isNearEnd() {
  return body.scrollHeight - body.scrollTop - body.clientHeight <= NEAR_END_PX;
}

body?.addEventListener("scroll", () => {
  if (!isNearEnd()) {
    if (isFollowing) setFollowing(false);
  } else if (unseen || (!isFollowing && !ended && !marked())) {
    showUnseen(0);
    setFollowing(true);
  }
});

more?.addEventListener("click", () => {
  body.scrollTop = body.scrollHeight;
  setFollowing(true);
  showUnseen(0);
});
followButton?.addEventListener("click", () => setFollowing(!isFollowing));
wrapButton?.addEventListener("click", () => {
  const isWrapped = log.classList.toggle("wrap");
  wrapButton.setAttribute("aria-pressed", `${isWrapped}`);
  scrollIfFollowing();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "f" || event.ctrlKey || event.metaKey || event.altKey || !followButton) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  setFollowing(!isFollowing);
});

/* ---- lines that the URL names ---- */

function marked() {
  const match = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
  if (!match) return undefined;
  const ends = [Number(match[1]), Number(match[2] ?? match[1])];
  return { first: Math.min(...ends), until: Math.max(...ends) };
}

function mark() {
  for (const line of lines.querySelectorAll(".is-marked")) line.classList.remove("is-marked");
  const range = marked();
  if (!range) return;
  for (let number = range.first; number <= Math.min(range.until, last); number += 1) {
    document.getElementById(`L${number}`)?.classList.add("is-marked");
  }
}

/** Show the lines that the URL names, wherever they are. */
function goToMarked() {
  mark();
  const range = marked();
  if (!range) return;
  setFollowing(false);
  const line = document.getElementById(`L${range.first}`);
  if (line) {
    line.scrollIntoView({ block: "center" });
  } else if (range.first < numberOf(firstLine()) && body) {
    const from = Math.max(1, range.first - 100);
    location.assign(`${log.dataset.range}?from=${from}&to=${from + EARLIER_LINES}${location.hash}`);
  }
}
addEventListener("hashchange", goToMarked);

lines.addEventListener("click", async (event) => {
  const number = event.target.closest(".log-number");
  if (number) {
    event.preventDefault();
    const chosen = numberOf(number.parentElement);
    const before = marked();
    const isRange = event.shiftKey && before;
    const [first, until] = isRange ? [Math.min(before.first, chosen), Math.max(before.first, chosen)] : [chosen, chosen];
    history.replaceState(null, "", first === until ? `#L${first}` : `#L${first}-L${until}`);
    setFollowing(false);
    mark();
  }
  const whole = event.target.closest("[data-whole-line]");
  if (whole) {
    event.preventDefault();
    const line = whole.closest(".log-line");
    const part = await fetchRange(numberOf(line), numberOf(line), "&whole=1");
    line.replaceWith(part.querySelector(".log-line"));
    mark();
  }
});

log.addEventListener("click", (event) => {
  if (event.target.id !== "log-earlier" || lines.childElementCount + EARLIER_LINES > MOST_ELEMENTS) return;
  event.preventDefault();
  showEarlier();
});

if (wrapButton) wrapButton.hidden = false;
if (body) {
  offerEarlier();
  if (marked()) {
    goToMarked();
  } else {
    body.scrollTop = body.scrollHeight;
    setFollowing(true);
  }
} else {
  goToMarked();
}
