"use strict";
// Everything a mail says is put on the page as text, never as markup.

const POLL_MS = 2000;
const PAGE = 50;
const at = (id) => document.getElementById(id);
const state = { query: "", limit: PAGE, open: "", shown: "", mail: null, view: "html" };

async function ask(path, options) {
  const answer = await fetch(path, options);
  if (!answer.ok) throw Object.assign(new Error(`${answer.status} ${path}`), { status: answer.status });
  return answer;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function name(address) {
  return address.Name || address.Address || "nobody";
}

// Each name is isolated, so that a Persian one does not turn its neighbours round.
function isolated(texts) {
  return texts.flatMap((text, index) => (index ? [", ", make("bdi", "", text)] : [make("bdi", "", text)]));
}

function full(address) {
  const parts = address.Name ? [make("bdi", "", address.Name), ` <${address.Address}>`] : [address.Address];
  const span = make("span");
  span.append(...parts);
  return span;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function when(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString([], { day: "numeric", month: "short" });
}

function line(...nodes) {
  const node = make("span", "line");
  node.append(...nodes);
  return node;
}

function row(mail) {
  const link = make("a", mail.Read ? "" : "unread");
  link.href = `#/${mail.ID}`;
  if (mail.ID === state.open) link.setAttribute("aria-current", "true");
  const who = make("span", "who");
  const people = [...mail.To, ...mail.Cc, ...mail.Bcc].map(name);
  who.append(...isolated(people.length ? people : ["no recipient"]));
  const time = make("time", "", when(mail.Created));
  time.dateTime = mail.Created;
  const subject = make("span", "subject", mail.Subject || "(no subject)");
  const snippet = make("span", "snippet", mail.Snippet);
  subject.dir = snippet.dir = "auto";
  const files = make("span", "clip", `${mail.Attachments} file${mail.Attachments > 1 ? "s" : ""}`);
  link.append(line(who, time), mail.Attachments ? line(subject, files) : line(subject), snippet);
  const item = make("li");
  item.append(link);
  return item;
}

function showList(data) {
  const focused = document.activeElement?.closest("#list a")?.hash;
  at("list").replaceChildren(...data.messages.map(row));
  if (focused) document.querySelector(`#list a[href="${focused}"]`)?.focus();
  at("more").hidden = data.messages.length >= data.messages_count;
  at("clear").hidden = data.total === 0;
  const unread = data.unread ? `, ${data.unread.toLocaleString()} unread` : "";
  at("counts").textContent = state.query
    ? `${data.messages_count.toLocaleString()} of ${data.total.toLocaleString()}`
    : `${data.total.toLocaleString()} mail${data.total === 1 ? "" : "s"}${unread}`;
  document.title = data.unread ? `(${data.unread}) Caught mail` : "Caught mail";
  at("nothing").hidden = data.messages.length > 0;
  document.body.classList.toggle("empty", data.total === 0 && !state.query);
  at("hint").hidden = Boolean(state.open) || data.messages.length === 0;
  const [title, text] = state.query
    ? ["Nothing found", "No caught mail has all of these words."]
    : ["No mail yet", "Whatever Postroom sends on this machine is caught here and reaches nobody else."];
  at("nothing").querySelector("h2").textContent = title;
  at("nothing").querySelector("p").textContent = text;
}

function listPath() {
  const path = state.query ? `/api/v1/search?query=${encodeURIComponent(state.query)}&` : "/api/v1/messages?";
  return `${path}limit=${state.limit}`;
}

async function refresh() {
  const path = listPath();
  try {
    const text = await (await ask(path)).text();
    at("trouble").hidden = true;
    if (text === state.shown || path !== listPath()) return;
    state.shown = text;
    showList(JSON.parse(text));
  } catch (error) {
    if (error.status === 400) return; // a search still being typed, as "from:"
    at("trouble").textContent = error.status
      ? `The catcher answered with an error (${error.message}).`
      : "The catcher does not answer. The list may be out of date.";
    at("trouble").hidden = false;
  }
}

function fact(label, values) {
  if (!values.length) return [];
  const cell = make("dd");
  values.forEach((value, index) => cell.append(index ? ", " : "", value));
  return [make("dt", "", label), cell];
}

function file(mail, part) {
  const link = make("a");
  link.href = `/api/v1/message/${mail.ID}/part/${part.PartID}`;
  link.download = part.FileName;
  link.append(make("bdi", "", part.FileName), make("small", "", size(part.Size)));
  const item = make("li");
  item.append(link);
  return item;
}

function showMail(mail) {
  state.mail = mail;
  at("subject").textContent = mail.Subject || "(no subject)";
  at("facts").replaceChildren(
    ...fact("From", [full(mail.From)]),
    ...fact("Return path", mail.ReturnPath === mail.From.Address ? [] : [mail.ReturnPath || "none"]),
    ...fact("To", mail.To.map(full)),
    ...fact("Cc", mail.Cc.map(full)),
    ...fact("Bcc", mail.Bcc.map(full)),
    ...fact("Reply to", mail.ReplyTo.map(full)),
    ...fact("Date", [new Date(mail.Date).toLocaleString()]),
    ...fact("Size", [size(mail.Size)]),
  );
  at("files").replaceChildren(...[...mail.Attachments, ...mail.Inline].map((part) => file(mail, part)));
  const has = { html: Boolean(mail.HTML), text: Boolean(mail.Text), headers: true, raw: true };
  for (const tab of at("tabs").children) tab.disabled = !has[tab.dataset.view];
  show(has[state.view] ? state.view : has.html ? "html" : has.text ? "text" : "raw");
  at("open").hidden = false;
  at("hint").hidden = true;
}

async function show(view) {
  const mail = state.mail;
  state.view = view;
  for (const tab of at("tabs").children) {
    const chosen = tab.dataset.view === view;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  const content = await panel(mail, view).catch((error) => make("pre", "text", error.message));
  if (mail === state.mail && view === state.view) at("panel").replaceChildren(content);
}

async function panel(mail, view) {
  if (view === "html") {
    const frame = make("iframe");
    frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
    frame.title = "The mail as HTML";
    frame.src = `/view/${mail.ID}.html`;
    return frame;
  }
  const pre = make("pre", view === "text" ? "text" : "code");
  pre.tabIndex = 0;
  if (view === "text") {
    pre.dir = "auto";
    pre.textContent = mail.Text;
  } else if (view === "raw") {
    pre.textContent = await (await ask(`/api/v1/message/${mail.ID}/raw`)).text();
  } else {
    const headers = await (await ask(`/api/v1/message/${mail.ID}/headers`)).json();
    const lines = Object.entries(headers).flatMap(([key, values]) => values.map((value) => `${key}: ${value}`));
    pre.textContent = lines.join("\n");
  }
  return pre;
}

async function follow() {
  state.open = decodeURIComponent(location.hash.replace(/^#\/?/, ""));
  document.body.classList.toggle("reading", Boolean(state.open));
  state.shown = "";
  if (!state.open) {
    state.mail = null;
    at("open").hidden = true;
  } else {
    try {
      showMail(await (await ask(`/api/v1/message/${encodeURIComponent(state.open)}`)).json());
    } catch (error) {
      if (error.status === 404) location.replace("#/");
    }
  }
  refresh();
}

async function remove(ids) {
  const options = { method: "DELETE", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ IDs: ids }) };
  await ask("/api/v1/messages", options).catch(() => undefined);
  location.hash = "#/";
  state.shown = "";
  refresh();
}

at("search-form").addEventListener("submit", (event) => event.preventDefault());
at("search").addEventListener("input", () => {
  clearTimeout(state.typing);
  state.typing = setTimeout(() => {
    Object.assign(state, { query: at("search").value.trim(), limit: PAGE, shown: "" });
    if (matchMedia("(max-width: 800px)").matches) location.hash = "#/"; // there the mail covers the list
    refresh();
  }, 200);
});
at("more").addEventListener("click", () => {
  state.limit += PAGE;
  refresh();
});
at("clear").addEventListener("click", () => {
  if (confirm("Delete all caught mail? This cannot be undone.")) remove([]);
});
at("remove").addEventListener("click", () => remove([state.mail.ID]));
at("tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("[data-view]");
  if (tab) show(tab.dataset.view);
});
at("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...at("tabs").children].filter((tab) => !tab.disabled);
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  show(next.dataset.view);
  next.focus();
});
window.addEventListener("hashchange", follow);
setInterval(() => document.hidden || refresh(), POLL_MS);
follow();
